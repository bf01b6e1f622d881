import type { UsageEntry, UsageRepository } from '#src/application/ports/usage-repository.js';
import { addCounts, type CharacterDay, type ShownUsage, USAGE_DAYS } from '#src/domain/usage.js';
import type { UtcDay } from '#src/domain/utc-day.js';
import type { MemoryDatabase, StoredClient } from './memory-database.js';

/** Answers always. */
export class MemoryUsageRepository implements UsageRepository {
  /** By the account itself, so that it goes with it. */
  readonly #usage = new WeakMap<StoredClient, Map<string, CharacterDay>>();
  /** Of all clients, those that are gone included. */
  readonly #recordedDays = new Set<UtcDay>();

  constructor(private readonly database: MemoryDatabase) {}

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    const touched = new Set<Map<string, CharacterDay>>();
    for (const { clientId, ...entry } of entries) {
      const client = this.database.client(clientId);
      if (client === undefined) continue;
      const rows = this.#usage.get(client) ?? new Map<string, CharacterDay>();
      this.#usage.set(client, rows);
      const key = `${entry.day} ${entry.characterId}`;
      const row = rows.get(key);
      rows.set(key, row === undefined ? entry : addCounts(row, entry));
      touched.add(rows);
      this.#recordedDays.add(entry.day);
    }
    const keptFrom = this.#keptFrom(oldestDay);
    for (const rows of touched) {
      for (const [key, { day }] of rows) if (day < keptFrom) rows.delete(key);
    }
  }

  async list(clientId: string, fromDay: UtcDay, mostCharacters: number): Promise<ShownUsage[]> {
    const rows = this.#rowsOf(clientId).filter(({ day }) => day >= fromDay);
    const days = [...new Set(rows.map(({ day }) => day))].sort().reverse();
    return days.flatMap((day) =>
      shown(
        rows.filter((row) => row.day === day),
        mostCharacters,
      ),
    );
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    return this.#rowsOf(clientId)
      .filter((row) => row.day === day)
      .reduce((tokens, { inputTokens, outputTokens }) => tokens + inputTokens + outputTokens, 0);
  }

  #keptFrom(oldestDay: UtcDay): UtcDay {
    const newest = [...this.#recordedDays].sort().reverse().slice(0, USAGE_DAYS);
    const oldestOfThem = newest.length < USAGE_DAYS ? '' : (newest.at(-1) ?? '');
    const keptFrom = oldestOfThem < oldestDay ? oldestOfThem : oldestDay;
    for (const day of this.#recordedDays) if (day < keptFrom) this.#recordedDays.delete(day);
    return keptFrom;
  }

  #rowsOf(clientId: string): CharacterDay[] {
    const client = this.database.client(clientId);
    return client === undefined ? [] : [...(this.#usage.get(client)?.values() ?? [])];
  }
}

/** Of one day. */
function shown(rows: readonly CharacterDay[], mostCharacters: number): ShownUsage[] {
  const byId = [...rows].sort((a, b) => (a.characterId < b.characterId ? -1 : 1));
  const dearest = byId.toSorted((a, b) => tokensOf(b) - tokensOf(a));
  const apart = new Set(dearest.slice(0, mostCharacters));
  const rest = dearest
    .slice(mostCharacters)
    .map((row): ShownUsage => ({ ...row, characterId: null }))
    .reduce<ShownUsage[]>(([sum], row) => [sum === undefined ? row : addCounts(sum, row)], []);
  return [...byId.filter((row) => apart.has(row)).map((row) => ({ ...row })), ...rest];
}

function tokensOf({ inputTokens, outputTokens }: CharacterDay): number {
  return inputTokens + outputTokens;
}
