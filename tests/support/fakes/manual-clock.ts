import type { Clock } from '#src/application/ports/system/clock.js';

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  private monotonic = 1_000_000;

  constructor(private epochMs = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.epochMs;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.epochMs += ms;
    this.monotonic += ms;
  }

  /** Somebody sets the wall clock, forward or back; no time passes. */
  setWallBy(ms: number): void {
    this.epochMs += ms;
  }
}
