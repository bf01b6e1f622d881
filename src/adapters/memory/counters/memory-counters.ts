import { LRUCache } from 'lru-cache';
import type { Count, CounterScope, Counters, CounterWindow } from '#src/application/ports/limits/counters.js';
import type { Clock } from '#src/application/ports/system/clock.js';

const MAX_KEYS = 20_000;

interface OpenWindow {
  count: number;
  /** On the monotonic clock. */
  readonly endsAtMs: number;
}

/**
 * Counters of this process. Each scope has a table of its own with a bound: keys beyond it make the one that was silent
 * for longest give way, and only in the same scope.
 */
export class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #tables = new Map<CounterScope, LRUCache<string, OpenWindow>>();

  constructor(clock: Clock, maxKeys = MAX_KEYS) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  async increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count> {
    const window = this.#find(scope, key) ?? this.#begin(0, windowSeconds);
    window.count += 1;
    this.#table(scope).set(key, window);
    return this.#countOf(window);
  }

  async incrementBoth(
    first: CounterWindow,
    maxOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]> {
    const count = await this.increment(first.scope, first.key, first.windowSeconds);
    if (count.count > maxOf(true)) return [count, null];
    return [count, await this.increment(second.scope, second.key, second.windowSeconds)];
  }

  async decrement(scope: CounterScope, key: string): Promise<void> {
    const window = this.#find(scope, key);
    if (window === null) return;
    window.count -= 1;
    if (window.count <= 0) this.#table(scope).delete(key);
  }

  async hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void> {
    this.#table(scope).set(key, this.#begin(count, seconds));
  }

  async read(scope: CounterScope, key: string): Promise<Count | null> {
    const window = this.#find(scope, key);
    return window && this.#countOf(window);
  }

  #begin(count: number, seconds: number): OpenWindow {
    return { count, endsAtMs: this.#clock.monotonicMs() + seconds * 1000 };
  }

  /** Leaves the order of the table as it is: only counting makes a key count as seen. */
  #find(scope: CounterScope, key: string): OpenWindow | null {
    const window = this.#table(scope).peek(key);
    return window !== undefined && window.endsAtMs > this.#clock.monotonicMs() ? window : null;
  }

  /** Whole milliseconds: the sum of a fraction and a window may be a hair more than the window. */
  #countOf({ count, endsAtMs }: OpenWindow): Count {
    return { count, resetMs: Math.max(1, Math.round(endsAtMs - this.#clock.monotonicMs())), isShare: true };
  }

  #table(scope: CounterScope): LRUCache<string, OpenWindow> {
    const known = this.#tables.get(scope);
    if (known !== undefined) return known;
    const made = new LRUCache<string, OpenWindow>({ max: this.#maxKeys });
    this.#tables.set(scope, made);
    return made;
  }
}
