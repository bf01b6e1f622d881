import { accountSuspended } from '#src/application/access/denial-reason.js';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { MAX_USABLE_KEYS } from '#src/domain/access/api-key.js';
import { AppError } from '#src/domain/errors.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
  readonly audit: AuditLog;
}

export interface CreateApiKeyInput {
  readonly clientId: string;
  /** The key that the caller came with. */
  readonly askedBy: string;
  readonly name?: string | null;
  readonly origin: RequestOrigin;
}

/** A further key; the others stay valid, so that a key is rotated without downtime. */
export class CreateApiKey {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, askedBy, name, origin }: CreateApiKeyInput): Promise<IssuedApiKey> {
    const { stored, issued } = issueApiKey(this.#deps, name ?? null);
    const addition = { askedBy, maxUsable: MAX_USABLE_KEYS };
    const result = await this.#deps.clients.addKey(clientId, stored, addition);
    if (result === 'missing') throw new AppError('unauthenticated');
    if (result === 'suspended') throw accountSuspended();
    if (result === 'full') throw new AppError('too_many_keys');
    this.#deps.audit.record({ event: 'key_created', origin, clientId, keyId: issued.id });
    return issued;
  }
}
