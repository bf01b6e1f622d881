import type { Clock } from '#src/application/ports/system/clock.js';

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #epochMs: number;
  #monotonic = 1_000_000;

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#epochMs;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#epochMs += ms;
    this.#monotonic += ms;
  }

  /** Sets the wall clock, forward or back; no time passes. */
  setWallBy(ms: number): void {
    this.#epochMs += ms;
  }
}
