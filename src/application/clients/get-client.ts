import type { Client } from '#src/domain/clients/client.js';
import { AppError } from '#src/domain/errors.js';
import type { ClientRepository } from '../ports/storage/client-repository.js';

interface Dependencies {
  readonly clients: ClientRepository;
}

export class GetClient {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute(input: { clientId: string }): Promise<Client> {
    const client = await this.#deps.clients.find(input.clientId);
    if (client === null) throw new AppError('unauthenticated');
    return client;
  }
}
