import type {
  ManagedClientPage,
  ManagedClientRepository,
} from '../ports/storage/managed-client-repository.js';

interface Dependencies {
  readonly managedClients: ManagedClientRepository;
}

export interface ListManagedClientsInput {
  /** 1 to 100. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly before: string | null;
  /** The one account with this address alone. */
  readonly email: string | null;
}

export class ListManagedClients {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ limit, before, email }: ListManagedClientsInput): Promise<ManagedClientPage> {
    if (email === null) return this.#deps.managedClients.list(limit, before);
    const found = await this.#deps.managedClients.findByEmail(email);
    const isOnPage = found !== null && (before === null || found.id < before);
    return { clients: isOnPage ? [found] : [], nextBefore: null };
  }
}
