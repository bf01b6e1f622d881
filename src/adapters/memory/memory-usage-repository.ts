import type { UsageEntry, UsageRepository } from '#src/application/ports/usage-repository.js';
import { addCounts, type CharacterDay } from '#src/domain/usage.js';
import type { UtcDay } from '#src/domain/utc-day.js';
import type { MemoryDatabase, StoredClient } from './memory-database.js';

/** Answers always. */
export class MemoryUsageRepository implements UsageRepository {
  /** By the account itself, so that it goes with it. */
  readonly #usage = new WeakMap<StoredClient, Map<string, CharacterDay>>();

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
    }
    for (const rows of touched) {
      for (const [key, { day }] of rows) if (day < oldestDay) rows.delete(key);
    }
  }

  async list(clientId: string, fromDay: UtcDay): Promise<CharacterDay[]> {
    return this.#rowsOf(clientId)
      .filter(({ day }) => day >= fromDay)
      .map((row) => ({ ...row }))
      .sort(newestDayFirst);
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    return this.#rowsOf(clientId)
      .filter((row) => row.day === day)
      .reduce((tokens, { inputTokens, outputTokens }) => tokens + inputTokens + outputTokens, 0);
  }

  #rowsOf(clientId: string): CharacterDay[] {
    const client = this.database.client(clientId);
    return client === undefined ? [] : [...(this.#usage.get(client)?.values() ?? [])];
  }
}

function newestDayFirst(a: CharacterDay, b: CharacterDay): number {
  return a.day > b.day || (a.day === b.day && a.characterId < b.characterId) ? -1 : 1;
}
