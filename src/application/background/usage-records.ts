import { addCounts, USAGE_DAYS } from '#src/domain/usage/usage.js';
import { utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';
import type { UsageEntry, UsageRepository } from '../ports/storage/usage-repository.js';
import type { Clock } from '../ports/system/clock.js';

interface Dependencies {
  readonly usageRepository: UsageRepository;
  readonly clock: Clock;
}

/** Clients' days with characters between two writes. */
const MAX_WAITING = 100_000;

/**
 * Collects what turns cost, so that no turn waits for that write. Whoever owns it calls `flush` now and then, and once at
 * the end; what was noted since is lost when the process dies.
 */
export class UsageRecords {
  readonly #deps: Dependencies;
  #waiting = new Map<string, UsageEntry>();
  #running: Promise<void> = Promise.resolve();
  /** Behind the running one; whoever comes meanwhile joins it. */
  #next: Promise<void> | null = null;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  note(entry: UsageEntry): void {
    const key = `${entry.clientId} ${entry.day} ${entry.characterId}`;
    const noted = this.#waiting.get(key);
    if (noted === undefined && this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(key, noted === undefined ? entry : addCounts(noted, entry));
  }

  /** When it resolves, everything that was noted before is written. What could not be written waits for the next time. */
  flush(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      const written = this.#write();
      this.#running = written.catch(() => undefined);
      return written;
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const entries = [...this.#waiting.values()];
    this.#waiting = new Map();
    const days = utcDaysUntil(utcDayOf(this.#deps.clock.now()), USAGE_DAYS);
    try {
      await this.#deps.usageRepository.add(entries, days.at(-1) ?? '');
    } catch (error) {
      for (const entry of entries) this.note(entry);
      throw error;
    }
  }
}
