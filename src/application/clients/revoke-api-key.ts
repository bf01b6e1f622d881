import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { MAX_REVOKED_KEYS_KEPT } from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { type Clock, isoTime } from '../ports/system/clock.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly clock: Clock;
  readonly audit: AuditLog;
}

export interface RevokeApiKeyInput {
  readonly clientId: string;
  readonly keyId: string;
  readonly origin: RequestOrigin;
}

/** Ends a key; an account always keeps one that works. */
export class RevokeApiKey {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, keyId, origin }: RevokeApiKeyInput): Promise<void> {
    const { clients, clock, audit } = this.#deps;
    const now = isoTime(clock.now());
    const askedBy = origin.actorKeyId;
    const result = await clients.revokeKey(clientId, keyId, now, MAX_REVOKED_KEYS_KEPT, askedBy);
    if (result === 'missing') throw new AppError('api_key_not_found');
    if (result === 'last') throw new AppError('last_key');
    audit.record({ event: 'key_revoked', origin, clientId, keyId });
  }
}
