import type { Clock } from '#src/application/ports/system/clock.js';
import type { Logger } from '#src/application/ports/system/logger.js';

/** Why traces were lost: a status or a code, never a text. */
export interface DropReason {
  readonly reason: 'queue_full' | 'not_taken' | 'closing';
  readonly status?: number | null;
  readonly code?: string | null;
}

const QUIET_MS = 60_000;

/** Counts lost traces, and says so at most once a minute. */
export class DroppedTraces {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #unreported = 0;
  #last: DropReason | null = null;
  #reportedAt: number | null = null;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  count(dropped: number, reason: DropReason): void {
    this.#unreported += dropped;
    this.#last = reason;
    const now = this.#clock.monotonicMs();
    if (this.#reportedAt !== null && now - this.#reportedAt < QUIET_MS) return;
    this.#reportedAt = now;
    this.report();
  }

  /** For the end: what has not been said yet. */
  report(): void {
    if (this.#unreported === 0) return;
    this.#logger.warn({ dropped: this.#unreported, ...this.#last }, 'traces for LangSmith were dropped');
    this.#unreported = 0;
  }
}
