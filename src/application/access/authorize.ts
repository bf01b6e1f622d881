import type { Principal, Right } from '#src/domain/access/principal.js';
import { AppError } from '#src/domain/errors.js';
import type { ApiKeyUses } from '../background/api-key-uses.js';
import type { ApiKeyMint } from '../ports/access/api-key-mint.js';
import type { ServiceKey } from '../ports/access/service-key.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';
import { denialReason } from './denial-reason.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly apiKeys: ApiKeyMint;
  readonly uses: ApiKeyUses;
  /** Null: the operator has set none, so nobody is the operator. */
  readonly serviceKey: ServiceKey | null;
  readonly signup: 'open' | 'operator';
}

/** What a request presented, unchecked. */
export interface Credentials {
  readonly apiKey: string | null;
  readonly serviceKey: string | null;
}

/**
 * Decides who is calling, and is the one place that does. No verdict is kept between two requests: a revoked key is refused from
 * the next one on. A repository may keep the row, as long as nothing was written.
 */
export class Authorize {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /**
   * @throws AppError `unauthenticated`: one answer for a missing, malformed, unknown, wrong and revoked credential;
   * `forbidden` for a usable key of a suspended client.
   */
  async execute(right: Right, credentials: Credentials): Promise<Principal> {
    const principal = await this.#identify(right, credentials);
    if (principal !== null) return principal;
    throw new AppError(
      'unauthenticated',
      right === 'client' ? {} : { detail: 'The service key of the operator is required.' },
    );
  }

  async #identify(right: Right, { apiKey, serviceKey }: Credentials): Promise<Principal | null> {
    switch (right) {
      case 'client':
        return apiKey === null ? null : this.#identifyClient(apiKey);
      case 'operator':
        return this.#identifyOperator(serviceKey);
      case 'signup':
        return this.#deps.signup === 'open' ? { kind: 'anonymous' } : this.#identifyOperator(serviceKey);
    }
  }

  #identifyOperator(text: string | null): Principal | null {
    return text !== null && this.#deps.serviceKey?.matches(text) ? { kind: 'operator' } : null;
  }

  /** In the order checksum, row, digest: what was made up costs no I/O. */
  async #identifyClient(text: string): Promise<Principal | null> {
    const { clients, apiKeys, uses } = this.#deps;
    const keyId = apiKeys.parse(text);
    if (keyId === null) return null;
    const verifier = await clients.findKeyVerifier(keyId);
    if (verifier === null || !apiKeys.matches(text, verifier.digest)) return null;
    const denial = denialReason(verifier);
    if (denial !== null) throw denial;
    uses.note(verifier);
    const { clientId, limits, budgetTokensPerDay } = verifier;
    return { kind: 'client', clientId, keyId, limits, budgetTokensPerDay };
  }
}
