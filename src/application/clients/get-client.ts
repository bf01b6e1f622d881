import type { ClientRepository } from '#src/application/ports/client-repository.js';
import { AppError } from '#src/domain/app-error.js';
import type { Client } from '#src/domain/client.js';

interface Dependencies {
  readonly clients: ClientRepository;
}

export class GetClient {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string }): Promise<Client> {
    const client = await this.deps.clients.find(input.clientId);
    if (client === null) throw new AppError('unauthenticated');
    return client;
  }
}
