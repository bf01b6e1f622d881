import { denialReason } from '../access/denial-reason.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { RunningRequests } from '../ports/system/running-requests.js';

interface Dependencies {
  readonly clients: Pick<ClientRepository, 'findKeyVerifiers'>;
  readonly runningRequests: RunningRequests;
}

/**
 * Ends the requests that were let in by a key that lets nobody in any more, wherever it was revoked, or its client
 * suspended or deleted: processes share nothing but the database.
 */
export class AccessWatch {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Costs nothing while nothing runs. @throws AppError `database_unavailable`; what runs is then left alone. */
  async check(): Promise<void> {
    const { clients, runningRequests } = this.#deps;
    const keyIds = runningRequests.keyIds();
    if (keyIds.length === 0) return;
    const found = await clients.findKeyVerifiers(keyIds);
    const verifiers = new Map(found.map((verifier) => [verifier.keyId, verifier]));
    for (const keyId of keyIds) {
      const denial = denialReason(verifiers.get(keyId) ?? null);
      if (denial !== null) runningRequests.abortByKey(keyId, denial);
    }
  }
}

/** Half of the second that a revocation may take. */
export const ACCESS_WATCH_INTERVAL_MS = 500;
