import { Body, Controller, Middlewares, Post, Request, Response, Route, Security, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { SendMessage } from '#src/application/chat/send-message.js';
import { invalidFields } from '#src/domain/app-error.js';
import { callerSignal } from '../caller-signal.js';
import { jsonBody } from '../json-body.js';
import type { Problem } from '../problem.js';
import { callingClientId, requestContext } from '../request-context.js';
import type { ChatInput } from '../schemas.js';
import { type Turn, toTurn } from '../turn-schemas.js';

@Route('api/chat')
@Tags('chat')
@Security('client')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(404, 'character_not_found; conversation_not_found when it is deleted while the turn runs')
@Response<Problem>(409, 'conversation_busy, conversation_character_mismatch')
@Response<Problem>(413, 'payload_too_large')
@Response<Problem>(415, 'unsupported_media_type')
@Response<Problem>(422, 'model_rejected')
@Response<Problem>(502, 'model_failed')
@Response<Problem>(
  503,
  'model_unavailable, cache_unavailable, database_unavailable, overloaded, shutting_down',
)
@Response<Problem>(504, 'model_timeout')
@injectable()
export class ChatController extends Controller {
  constructor(@inject(SendMessage) private readonly sendMessage: SendMessage) {
    super();
  }

  /** One turn: both messages are kept when the reply is whole, else neither. */
  @Post()
  @Middlewares(jsonBody)
  async postMessage(@Request() request: ExpressRequest, @Body() input: ChatInput): Promise<Turn> {
    if (input.stream === true) throw invalidFields({ field: 'stream', message: 'is not supported yet' });
    const { res: response } = request;
    if (response === undefined) throw new Error('express has set no response on the request');
    const context = requestContext(request);
    const sent = await this.sendMessage.execute({
      clientId: callingClientId(request),
      characterId: input.characterId,
      message: input.message,
      conversationId: input.conversationId,
      onBusy: input.onBusy ?? 'queue',
      signal: callerSignal(response),
      onModelTime: (elapsedMs) => {
        context.llmMs = elapsedMs;
      },
    });
    return toTurn(sent);
  }
}
