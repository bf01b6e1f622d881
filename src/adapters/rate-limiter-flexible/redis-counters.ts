import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Count, CounterScope, Counters, CounterWindow } from './counters.js';

/** Answers the count afterwards, and the milliseconds until its window ends. */
export interface WindowCounts {
  /** Adds within a window that begins with the first points. Anything but more points begins none, and ends it at 0. */
  add(key: string, points: number, windowSeconds: number): Promise<[number, number]>;
  /** Adds one, and one to the second unless the first counts more than `max` then. */
  addBoth(
    first: { readonly key: string; readonly windowSeconds: number; readonly max: number },
    second: { readonly key: string; readonly windowSeconds: number },
  ): Promise<[[number, number], [number, number] | null]>;
}

export interface RedisCountersOptions {
  /** An ioredis client. */
  readonly client: { multi(): unknown };
  readonly counts: WindowCounts;
  /** Gives each other operation its time, and refuses at once while Redis is away. */
  readonly attempt: <T>(operation: () => Promise<T>) => Promise<T>;
  /** Of every key. */
  readonly prefix: string;
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Counters that all processes share. The library's own limit, insurance and blocks are not used: its `consume` rejects
 * alike for a denial and for a broken Redis, and its insurance does not say that it has answered.
 */
export class RedisCounters implements Counters {
  readonly #counters: RateLimiterRedis;
  readonly #counts: WindowCounts;
  readonly #attempt: RedisCountersOptions['attempt'];

  constructor({ client, counts, attempt, prefix }: RedisCountersOptions) {
    this.#counts = counts;
    this.#attempt = attempt;
    this.#counters = new RateLimiterRedis({
      // In place of the library's own script, which would be a command for each request.
      storeClient: {
        rlflxIncr: ([key, points, seconds]: [string, string, string]) =>
          counts.add(key, Number(points), Number(seconds)),
        multi: () => client.multi(),
      },
      points: UNLIMITED,
      duration: 1,
      keyPrefix: `${prefix}limit`,
    });
  }

  async increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count> {
    const { consumedPoints, msBeforeNext } = await this.#counters.penalty(`${scope}:${key}`, 1, {
      customDuration: windowSeconds,
    });
    return { count: consumedPoints, resetMs: msBeforeNext, isShare: false };
  }

  async incrementBoth(
    first: CounterWindow,
    maxOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]> {
    const keyOf = ({ scope, key }: CounterWindow) => this.#counters.getKey(`${scope}:${key}`);
    const [counted, other] = await this.#counts.addBoth(
      { ...first, key: keyOf(first), max: maxOf(false) },
      { ...second, key: keyOf(second) },
    );
    return [toCount(counted), other && toCount(other)];
  }

  async decrement(scope: CounterScope, key: string, windowSeconds: number): Promise<void> {
    await this.#counters.reward(`${scope}:${key}`, 1, { customDuration: windowSeconds });
  }

  async hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void> {
    await this.#attempt(() => this.#counters.set(`${scope}:${key}`, count, seconds));
  }

  async read(scope: CounterScope, key: string): Promise<Count | null> {
    // The library's own `get` would overtake what has been gathered.
    const { consumedPoints, msBeforeNext } = await this.#counters.penalty(`${scope}:${key}`, 0, {
      customDuration: 1,
    });
    return consumedPoints <= 0 ? null : { count: consumedPoints, resetMs: msBeforeNext, isShare: false };
  }
}

function toCount([count, resetMs]: [number, number]): Count {
  return { count, resetMs, isShare: false };
}
