import type { ManagedClientRepository } from '#src/application/ports/managed-client-repository.js';
import { AppError } from '#src/domain/app-error.js';
import type { ManagedClient } from '#src/domain/managed-client.js';

interface Dependencies {
  readonly managedClients: ManagedClientRepository;
}

export class GetManagedClient {
  constructor(private readonly deps: Dependencies) {}

  async execute(input: { clientId: string }): Promise<ManagedClient> {
    const client = await this.deps.managedClients.find(input.clientId);
    if (client === null) throw new AppError('client_not_found');
    return client;
  }
}
