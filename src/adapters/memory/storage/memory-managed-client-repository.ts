import type {
  ManagedClientChanges,
  ManagedClientPage,
  ManagedClientRepository,
} from '#src/application/ports/storage/managed-client-repository.js';
import type { ManagedClient } from '#src/domain/clients/managed-client.js';
import { copyTerms, countBelow, type MemoryDatabase, type StoredClient } from './memory-database.js';

export class MemoryManagedClientRepository implements ManagedClientRepository {
  readonly #database: MemoryDatabase;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async find(clientId: string): Promise<ManagedClient | null> {
    const stored = this.#database.client(clientId);
    return stored === undefined ? null : toManaged(stored);
  }

  async findByEmail(email: string): Promise<ManagedClient | null> {
    const stored = this.#database.clientByEmail(email);
    return stored === undefined ? null : toManaged(stored);
  }

  async list(limit: number, before: string | null): Promise<ManagedClientPage> {
    const ids = this.#database.clientIds;
    const end = before === null ? ids.length : countBelow(ids, before);
    const start = Math.max(0, end - limit);
    const clients = ids
      .slice(start, end)
      .reverse()
      .flatMap((id) => this.#database.client(id) ?? [])
      .map(toManaged);
    return { clients, nextBefore: start > 0 ? (clients.at(-1)?.id ?? null) : null };
  }

  async update(clientId: string, changes: ManagedClientChanges): Promise<ManagedClient | null> {
    const stored = this.#database.client(clientId);
    if (stored === undefined) return null;
    const { limits, budgetTokensPerDay } = stored.terms;
    const changed = changes.limits ?? {};
    const kept = <T>(change: T | undefined, before: T) => (change === undefined ? before : change);
    stored.terms = {
      limits: {
        chatPerMinute: kept(changed.chatPerMinute, limits.chatPerMinute),
        requestsPerMinute: kept(changed.requestsPerMinute, limits.requestsPerMinute),
        concurrentTurns: kept(changed.concurrentTurns, limits.concurrentTurns),
      },
      budgetTokensPerDay: kept(changes.budgetTokensPerDay, budgetTokensPerDay),
    };
    if (changes.suspendedAt === null) stored.suspendedAt = null;
    else stored.suspendedAt ??= changes.suspendedAt ?? null;
    return toManaged(stored);
  }
}

function toManaged({ client, suspendedAt, terms }: StoredClient): ManagedClient {
  return { ...client, suspendedAt, ...copyTerms(terms) };
}
