import type { Clock } from '#src/application/ports/clock.js';

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  constructor(private epochMs = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.epochMs;
  }

  monotonicMs(): number {
    return this.epochMs;
  }

  advance(ms: number): void {
    this.epochMs += ms;
  }
}
