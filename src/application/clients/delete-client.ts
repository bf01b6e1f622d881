import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { ConversationCache } from '#src/application/ports/conversation-cache.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly conversations: ConversationCache;
}

/**
 * Ends an account. The account goes first, so that no new turn can begin; then its conversations, which also ends
 * the turns that run.
 */
export class DeleteClient {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string }): Promise<void> {
    await this.deps.clients.delete(input.clientId);
    await this.deps.conversations.deleteByClient(input.clientId);
  }
}
