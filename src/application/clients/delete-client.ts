import { denialReason } from '#src/application/access/denial-reason.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { ConversationCache } from '../ports/chat/conversation-cache.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly conversations: ConversationCache;
  readonly audit: AuditLog;
}

/**
 * Ends an account. Its conversations go first, while the account can still ask again if they cannot be reached; and once
 * more behind it, with the turns that began meanwhile. They are in no step with the account: a key that is revoked, or an
 * account that is suspended, between the look at the key and the account's own step keeps the account, and its
 * conversations are gone. That is in the audit log, as it is when the database goes away there.
 */
export class DeleteClient {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** @returns false when there was none. */
  async execute({ clientId, origin }: { clientId: string; origin: RequestOrigin }): Promise<boolean> {
    const { conversations, audit } = this.#deps;
    await this.#assertMayAsk(origin.actorKeyId);
    await conversations.deleteByClient(clientId);
    const deleted = await this.#deleteAccount(clientId, origin);
    if (deleted) audit.record({ event: 'client_deleted', origin, clientId });
    await conversations.deleteByClient(clientId);
    return deleted;
  }

  async #deleteAccount(clientId: string, origin: RequestOrigin): Promise<boolean> {
    const { clients, audit } = this.#deps;
    try {
      return await clients.delete(clientId, origin.actorKeyId);
    } catch (error) {
      audit.record({ event: 'client_deletion_refused', origin, clientId });
      throw error;
    }
  }

  /** Anew: conversations are kept elsewhere, and are not in one step with the account. */
  async #assertMayAsk(keyId: string | null): Promise<void> {
    if (keyId === null) return;
    const [verifier = null] = await this.#deps.clients.findKeyVerifiers([keyId]);
    const denial = denialReason(verifier);
    if (denial !== null) throw denial;
  }
}
