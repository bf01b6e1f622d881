import type { Count, CounterScope, Counters, CounterWindow } from '../ports/limits/counters.js';

/** Shared counters; what they cannot answer is counted in this process, as its share. */
export class InsuredCounters implements Counters {
  readonly #shared: Counters;
  readonly #own: Counters;

  constructor(shared: Counters, own: Counters) {
    this.#shared = shared;
    this.#own = own;
  }

  increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count> {
    return this.#shared
      .increment(scope, key, windowSeconds)
      .catch(() => this.#own.increment(scope, key, windowSeconds));
  }

  incrementBoth(
    first: CounterWindow,
    maxOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]> {
    return this.#shared
      .incrementBoth(first, maxOf, second)
      .catch(() => this.#own.incrementBoth(first, maxOf, second));
  }

  decrement(scope: CounterScope, key: string, windowSeconds: number): Promise<void> {
    return this.#shared
      .decrement(scope, key, windowSeconds)
      .catch(() => this.#own.decrement(scope, key, windowSeconds));
  }

  hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void> {
    return this.#shared
      .hold(scope, key, count, seconds)
      .catch(() => this.#own.hold(scope, key, count, seconds));
  }

  read(scope: CounterScope, key: string): Promise<Count | null> {
    return this.#shared.read(scope, key).catch(() => this.#own.read(scope, key));
  }
}
