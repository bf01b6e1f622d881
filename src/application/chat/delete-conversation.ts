import { AppError } from '#src/domain/errors.js';
import type { ConversationCache } from '../ports/chat/conversation-cache.js';

interface Dependencies {
  readonly conversations: ConversationCache;
}

/** Ends a conversation, and the turn that runs in it. */
export class DeleteConversation {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: { clientId: string; conversationId: string }): Promise<void> {
    const deleted = await this.#deps.conversations.delete(input.clientId, input.conversationId);
    if (!deleted) throw new AppError('conversation_not_found');
  }
}
