import type { ApiKey } from '#src/domain/access/api-key.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';

interface Dependencies {
  readonly clients: ClientRepository;
}

export class ListApiKeys {
  constructor(private readonly deps: Dependencies) {}

  /** Oldest first, the newest revoked ones too. */
  execute(input: { clientId: string }): Promise<ApiKey[]> {
    return this.deps.clients.listKeys(input.clientId);
  }
}
