import type { ClientRepository } from '#src/application/ports/client-repository.js';
import type { ApiKey } from '#src/domain/api-key.js';

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
