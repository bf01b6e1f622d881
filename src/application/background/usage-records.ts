import { addCounts, USAGE_DAYS } from '#src/domain/usage/usage.js';
import { utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';
import type { UsageEntry, UsageRepository } from '../ports/storage/usage-repository.js';
import type { Clock } from '../ports/system/clock.js';
import { Collector } from './collector.js';

interface Dependencies {
  readonly usageRepository: UsageRepository;
  readonly clock: Clock;
}

/** Clients' days with characters between two writes. */
const MAX_WAITING = 100_000;

/** Collects what turns cost. What could not be written waits for the next time. */
export class UsageRecords {
  readonly #entries: Collector<UsageEntry>;

  constructor({ usageRepository, clock }: Dependencies) {
    this.#entries = new Collector({
      maxWaiting: MAX_WAITING,
      merge: addCounts,
      write: (entries) => {
        const days = utcDaysUntil(utcDayOf(clock.now()), USAGE_DAYS);
        return usageRepository.add(entries, days.at(-1) ?? '');
      },
      afterFailure: 'keep',
    });
  }

  note(entry: UsageEntry): void {
    this.#entries.note(`${entry.clientId} ${entry.day} ${entry.characterId}`, entry);
  }

  /** As that of {@link Collector}. */
  flush(): Promise<void> {
    return this.#entries.flush();
  }
}
