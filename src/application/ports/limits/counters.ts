import type { LimitScope } from '../../limits/rate-limit.js';

export type CounterScope = LimitScope | 'failures' | 'strikes' | 'known-address';

export interface Count {
  readonly count: number;
  /** Until the counter ends. */
  readonly resetMs: number;
  /** Counted in this process alone, so that only its share of a limit may be given out by it. */
  readonly isShare: boolean;
}

export interface CounterWindow {
  readonly scope: CounterScope;
  readonly key: string;
  readonly windowSeconds: number;
}

/** Counters that end by themselves: a window begins with the first increment. */
export interface Counters {
  increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count>;
  /**
   * The second only if the first does not pass what is allowed of it: null when it does. In one step, so that what is
   * refused for the first never counts for the second.
   * @param maxOf what is allowed of the first, or of this process's share of it.
   */
  incrementBoth(
    first: CounterWindow,
    maxOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]>;
  /** Nothing where there is none. One that returns to 0 ends: no window begins with what is given back. */
  decrement(scope: CounterScope, key: string, windowSeconds: number): Promise<void>;
  /** Sets the count, and begins a window of its own. */
  hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void>;
  /** Sees what was asked for before it. Null: there is none, or it has ended. */
  read(scope: CounterScope, key: string): Promise<Count | null>;
}
