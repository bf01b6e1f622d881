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
  #untold = 0;
  #last: DropReason | null = null;
  #toldAt: number | null = null;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  count(dropped: number, reason: DropReason): void {
    this.#untold += dropped;
    this.#last = reason;
    const now = this.#clock.monotonicMs();
    if (this.#toldAt !== null && now - this.#toldAt < QUIET_MS) return;
    this.#toldAt = now;
    this.tell();
  }

  /** For the end: what has not been said yet. */
  tell(): void {
    if (this.#untold === 0) return;
    this.#logger.warn({ dropped: this.#untold, ...this.#last }, 'traces for LangSmith were dropped');
    this.#untold = 0;
  }
}
