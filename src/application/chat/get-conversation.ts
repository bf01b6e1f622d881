import type { ConversationCache } from '#src/application/ports/conversation-cache.js';
import { AppError } from '#src/domain/app-error.js';
import type { Conversation } from '#src/domain/conversation.js';

interface Dependencies {
  readonly conversations: ConversationCache;
}

export class GetConversation {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string; conversationId: string }): Promise<Conversation> {
    const conversation = await this.deps.conversations.find(input.clientId, input.conversationId);
    if (conversation === null) throw new AppError('conversation_not_found');
    return conversation;
  }
}
