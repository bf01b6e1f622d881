import type { Conversation } from '#src/domain/conversations/conversation.js';
import { AppError } from '#src/domain/errors.js';
import type { ConversationCache } from '../ports/chat/conversation-cache.js';

interface Dependencies {
  readonly conversations: ConversationCache;
}

export class GetConversation {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: { clientId: string; conversationId: string }): Promise<Conversation> {
    const conversation = await this.#deps.conversations.find(input.clientId, input.conversationId);
    if (conversation === null) throw new AppError('conversation_not_found');
    return conversation;
  }
}
