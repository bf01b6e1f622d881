import type {
  ManagedClientPage,
  ManagedClientRepository,
} from '#src/application/ports/managed-client-repository.js';

interface Dependencies {
  readonly managedClients: ManagedClientRepository;
}

export interface ListManagedClientsInput {
  /** 1 to 100. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly before: string | null;
}

export class ListManagedClients {
  constructor(private readonly deps: Dependencies) {}

  execute({ limit, before }: ListManagedClientsInput): Promise<ManagedClientPage> {
    return this.deps.managedClients.list(limit, before);
  }
}
