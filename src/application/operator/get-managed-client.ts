import type { ManagedClient } from '#src/domain/clients/managed-client.js';
import { AppError } from '#src/domain/errors.js';
import type { ManagedClientRepository } from '../ports/storage/managed-client-repository.js';

interface Dependencies {
  readonly managedClients: ManagedClientRepository;
}

export class GetManagedClient {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: { clientId: string }): Promise<ManagedClient> {
    const client = await this.#deps.managedClients.find(input.clientId);
    if (client === null) throw new AppError('client_not_found');
    return client;
  }
}
