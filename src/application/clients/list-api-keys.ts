import type { ApiKey } from '#src/domain/access/api-key.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';

interface Dependencies {
  readonly clients: ClientRepository;
}

export class ListApiKeys {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Oldest first, the newest revoked ones too. */
  execute(input: { clientId: string }): Promise<ApiKey[]> {
    return this.#deps.clients.listKeys(input.clientId);
  }
}
