import { LRUCache } from 'lru-cache';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Count, CounterScope, Counters, CounterWindow } from './counters.js';

/** Never reached: what a count means is decided by whoever asks. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const MAX_KEYS = 20_000;

/**
 * Counters of this process. The library never forgets a key before its time, so each scope has a table of its own with
 * a bound: keys beyond it make the one that was silent for longest give way, and only in the same scope.
 */
export class MemoryCounters implements Counters {
  readonly #tables = new Map<CounterScope, Table>();

  constructor(private readonly maxKeys = MAX_KEYS) {}

  async increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count> {
    const { counters, keys } = this.#table(scope);
    keys.set(key, true);
    const { consumedPoints, msBeforeNext } = await counters.penalty(key, 1, {
      customDuration: windowSeconds,
    });
    return { count: consumedPoints, resetMs: msBeforeNext, isShare: true };
  }

  async incrementBoth(
    first: CounterWindow,
    mostOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]> {
    const count = await this.increment(first.scope, first.key, first.windowSeconds);
    if (count.count > mostOf(true)) return [count, null];
    return [count, await this.increment(second.scope, second.key, second.windowSeconds)];
  }

  async decrement(scope: CounterScope, key: string): Promise<void> {
    const { counters, keys } = this.#table(scope);
    if ((await this.read(scope, key)) === null) return;
    const { consumedPoints } = await counters.reward(key, 1);
    if (consumedPoints <= 0) keys.delete(key);
  }

  async hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void> {
    const { counters, keys } = this.#table(scope);
    keys.set(key, true);
    await counters.set(key, count, seconds);
  }

  async read(scope: CounterScope, key: string): Promise<Count | null> {
    const found = await this.#table(scope).counters.get(key);
    if (found === null || found.msBeforeNext <= 0) return null;
    return { count: found.consumedPoints, resetMs: found.msBeforeNext, isShare: true };
  }

  #table(scope: CounterScope): Table {
    const known = this.#tables.get(scope);
    if (known !== undefined) return known;
    const made = createTable(this.maxKeys);
    this.#tables.set(scope, made);
    return made;
  }
}

interface Table {
  readonly counters: RateLimiterMemory;
  readonly keys: LRUCache<string, true>;
}

function createTable(maxKeys: number): Table {
  const counters = new RateLimiterMemory({ points: UNLIMITED, duration: 1, keyPrefix: '' });
  const keys = new LRUCache<string, true>({
    max: maxKeys,
    dispose: (_value, key) => void counters.delete(key),
  });
  return { counters, keys };
}
