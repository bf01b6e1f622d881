import type { LimitScope } from '#src/application/ports/rate-limiter.js';

export type CounterScope = LimitScope | 'failures' | 'strikes' | 'known-address';

export interface Count {
  readonly count: number;
  /** Until the counter ends. */
  readonly resetMs: number;
  /** Counted in this process alone, so that only its share of a limit may be given out by it. */
  readonly isShare: boolean;
}

/** Counters that end by themselves: a window begins with the first increment. */
export interface Counters {
  increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count>;
  /** Nothing where there is none. One that returns to 0 ends: no window begins with what is given back. */
  decrement(scope: CounterScope, key: string, windowSeconds: number): Promise<void>;
  /** Sets the count, and begins a window of its own. */
  hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void>;
  /** Sees what was asked for before it. Null: there is none, or it has ended. */
  read(scope: CounterScope, key: string): Promise<Count | null>;
}
