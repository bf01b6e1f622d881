import {
  Controller,
  Delete,
  Get,
  Path,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { callingClientId } from '#src/adapters/http/pipeline/context-of.js';
import type { Problem } from '#src/adapters/http/pipeline/errors/problem.js';
import { Policy } from '#src/adapters/http/pipeline/route-policy.js';
import { DeleteConversation } from '#src/application/chat/delete-conversation.js';
import { GetConversation } from '#src/application/chat/get-conversation.js';
import {
  type ConversationId,
  type ConversationWithMessages,
  toConversationWithMessages,
} from './conversation-dto.js';

@Route('api/conversations')
@Policy({ cost: 'request', whileDraining: false })
@Tags('chat')
@Security('apiKey')
@Response<Problem>(400, 'invalid_request')
@Response<Problem>(401, 'unauthenticated')
@Response<Problem>(403, 'forbidden: the account is suspended')
@Response<Problem>(404, 'conversation_not_found')
@Response<Problem>(429, 'rate_limited')
@Response<Problem>(503, 'cache_unavailable, database_unavailable, overloaded, shutting_down')
@injectable()
export class ConversationsController extends Controller {
  readonly #getConversation: GetConversation;
  readonly #deleteConversation: DeleteConversation;

  constructor(
    @inject(GetConversation) getConversation: GetConversation,
    @inject(DeleteConversation) deleteConversation: DeleteConversation,
  ) {
    super();
    this.#getConversation = getConversation;
    this.#deleteConversation = deleteConversation;
  }

  /**
   * Its messages, without the instructions.
   * @summary Show a conversation
   */
  @Get('{id}')
  async getOne(
    @Request() request: ExpressRequest,
    @Path() id: ConversationId,
  ): Promise<ConversationWithMessages> {
    const conversation = await this.#getConversation.execute({
      clientId: callingClientId(request),
      conversationId: id,
    });
    return toConversationWithMessages(conversation);
  }

  /**
   * A turn that is running in it is ended and keeps nothing.
   * @summary Delete a conversation
   */
  @Delete('{id}')
  @SuccessResponse(204, 'Gone')
  async deleteOne(@Request() request: ExpressRequest, @Path() id: ConversationId): Promise<void> {
    await this.#deleteConversation.execute({ clientId: callingClientId(request), conversationId: id });
  }
}
