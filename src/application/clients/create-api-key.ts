import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { MOST_USABLE_KEYS } from '#src/domain/api-key.js';
import { AppError } from '#src/domain/app-error.js';
import { type ApiKeyIssuers, type IssuedApiKey, issueApiKey } from './issue-api-key.js';

interface Dependencies extends ApiKeyIssuers {
  readonly clients: ClientRepository;
}

/** A further key; the others stay valid, so that a key is rotated without downtime. */
export class CreateApiKey {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string; name?: string | null }): Promise<IssuedApiKey> {
    const { stored, issued } = issueApiKey(this.deps, input.name ?? null);
    const result = await this.deps.clients.addKey(input.clientId, stored, MOST_USABLE_KEYS);
    if (result === 'missing') throw new AppError('unauthenticated');
    if (result === 'full') throw new AppError('too_many_keys');
    return issued;
  }
}
