import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { type Clock, isoTime } from '#src/application/ports/clock.js';
import { AppError } from '#src/domain/app-error.js';

interface Dependencies {
  readonly clients: ClientRepository;
  readonly clock: Clock;
}

/** Ends a key; an account always keeps one that works. */
export class RevokeApiKey {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string; keyId: string }): Promise<void> {
    const { clients, clock } = this.deps;
    const result = await clients.revokeKey(input.clientId, input.keyId, isoTime(clock.now()));
    if (result === 'missing') throw new AppError('api_key_not_found');
    if (result === 'last') throw new AppError('last_key');
  }
}
