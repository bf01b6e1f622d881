import {
  Body,
  Controller,
  Header,
  Middlewares,
  Post,
  Request,
  Response,
  Route,
  Security,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import { inject, injectable } from 'inversify';
import { jsonBody } from '#src/adapters/http/pipeline/body/json-body.js';
import { callingClient, contextOf, originOf } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { EventStream } from '#src/adapters/http/streaming/event-stream.js';
import { OpenRequests } from '#src/adapters/http/streaming/open-requests.js';
import { SendMessage } from '#src/application/chat/send-message.js';
import type { TurnStream } from '#src/application/chat/turn-stream.js';
import { type ChatInput, type IdempotencyKey, type Turn, toTurn } from './chat-dto.js';
import { requestDigest } from './request-digest.js';
import { ServerTimingObserver } from './server-timing-observer.js';

@Route('api/chat')
@Policy({ cost: 'turn', whileDraining: false })
@Tags('chat')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(404, 'character_not_found; conversation_not_found when it is deleted while the turn runs')
@Response<Problem>(
  409,
  'conversation_busy, conversation_character_mismatch; request_in_progress while the first request with this Idempotency-Key runs',
)
@Response<Problem>(413, 'payload_too_large')
@Response<Problem>(415, 'unsupported_media_type')
@Response<Problem>(
  422,
  'model_rejected; idempotency_mismatch when this Idempotency-Key came with another body',
)
@Response<Problem>(429, 'rate_limited, budget_exceeded')
@Response<Problem>(502, 'model_failed')
@Response<Problem>(
  503,
  'model_unavailable, cache_unavailable, database_unavailable, overloaded, shutting_down',
)
@Response<Problem>(504, 'model_timeout')
@injectable()
export class ChatController extends Controller {
  readonly #sendMessage: SendMessage;
  readonly #openRequests: OpenRequests;

  constructor(
    @inject(SendMessage) sendMessage: SendMessage,
    @inject(OpenRequests) openRequests: OpenRequests,
  ) {
    super();
    this.#sendMessage = sendMessage;
    this.#openRequests = openRequests;
  }

  /**
   * One turn: both messages are kept when the reply is whole, else neither. With `stream: true`, or `Accept:
   * text/event-stream`, the answer is a stream of the events `turn`, `delta`, and `done` (with the same object that the
   * plain call returns) or `error` (with a Problem).
   *
   * With an `Idempotency-Key` the request can be sent again without being answered twice: the answer is then the first
   * one's, with the header `Idempotency-Replayed: true`. A turn that failed frees its key.
   * @summary Send a message
   */
  @Post()
  @Middlewares(jsonBody)
  async postMessage(
    @Request() request: ExpressRequest,
    @Body() input: ChatInput,
    @Header('Idempotency-Key') idempotencyKey?: IdempotencyKey,
  ): Promise<Turn | undefined> {
    const { res: response } = request;
    if (response === undefined) throw new Error('express has set no response on the request');
    const caller = callingClient(request);
    const stream = (input.stream ?? prefersEvents(request)) ? new EventStream(response) : null;
    const sent = await this.#sendMessage.execute({
      caller,
      characterId: input.characterId,
      message: input.message,
      conversationId: input.conversationId,
      onBusy: input.onBusy ?? 'queue',
      idempotency:
        idempotencyKey === undefined ? null : { key: idempotencyKey, digest: requestDigest(input) },
      origin: originOf(request),
      signal: this.#openRequests.signalOf(response, caller.keyId),
      observer: new ServerTimingObserver(contextOf(request)),
      reader: stream === null ? undefined : turnEvents(stream, response),
    });
    if (sent.replayed) sayReplayed(response);
    if (stream === null) return toTurn(sent);
    stream.end('done', toTurn(sent));
    return undefined;
  }
}

function prefersEvents(request: ExpressRequest): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

function turnEvents(stream: EventStream, response: ExpressResponse): TurnStream {
  return {
    async onDelta(text, { turnId, conversation, replayed }) {
      if (replayed) sayReplayed(response);
      if (!stream.hasBegun) await stream.send('turn', { turnId, conversation });
      await stream.send('delta', { text });
    },
  };
}

function sayReplayed(response: ExpressResponse): void {
  if (!response.headersSent) response.setHeader('Idempotency-Replayed', 'true');
}
