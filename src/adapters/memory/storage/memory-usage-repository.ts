import type { UsageEntry, UsageRepository } from '#src/application/ports/storage/usage-repository.js';
import { type ShownUsage, USAGE_DAYS } from '#src/domain/usage/usage.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';
import { DayUsage } from './day-usage.js';
import type { MemoryDatabase, StoredClient } from './memory-database.js';

type DaysUsage = Map<UtcDay, DayUsage>;

/** Answers always. */
export class MemoryUsageRepository implements UsageRepository {
  readonly #database: MemoryDatabase;
  /** By the account itself, so that it goes with it. */
  readonly #usage = new WeakMap<StoredClient, DaysUsage>();
  /** Of all clients, those that are gone included. */
  readonly #recordedDays = new Set<UtcDay>();

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void> {
    const touched = new Set<DaysUsage>();
    for (const { clientId, ...entry } of entries) {
      const client = this.#database.client(clientId);
      if (client === undefined) continue;
      const days: DaysUsage = this.#usage.get(client) ?? new Map();
      this.#usage.set(client, days);
      const usage = days.get(entry.day) ?? new DayUsage(entry.day);
      days.set(entry.day, usage);
      usage.add(entry);
      touched.add(days);
      this.#recordedDays.add(entry.day);
    }
    const keptFrom = this.#keptFrom(oldestDay);
    for (const days of touched) {
      for (const day of days.keys()) if (day < keptFrom) days.delete(day);
    }
  }

  async list(clientId: string, fromDay: UtcDay, maxCharacters: number): Promise<ShownUsage[]> {
    return [...this.#daysOf(clientId)]
      .filter(([day]) => day >= fromDay)
      .sort(([a], [b]) => (a > b ? -1 : 1))
      .flatMap(([, usage]) => usage.show(maxCharacters));
  }

  async tokensOn(clientId: string, day: UtcDay): Promise<number> {
    return this.#daysOf(clientId).get(day)?.tokens ?? 0;
  }

  #keptFrom(oldestDay: UtcDay): UtcDay {
    const newest = [...this.#recordedDays].sort().reverse().slice(0, USAGE_DAYS);
    const oldestOfThem = newest.length < USAGE_DAYS ? '' : (newest.at(-1) ?? '');
    const keptFrom = oldestOfThem < oldestDay ? oldestOfThem : oldestDay;
    for (const day of this.#recordedDays) if (day < keptFrom) this.#recordedDays.delete(day);
    return keptFrom;
  }

  #daysOf(clientId: string): DaysUsage {
    const client = this.#database.client(clientId);
    return (client === undefined ? undefined : this.#usage.get(client)) ?? new Map();
  }
}
