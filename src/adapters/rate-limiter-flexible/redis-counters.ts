import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Count, CounterScope, Counters } from './counters.js';

export interface RedisCountersOptions {
  /** An ioredis client. */
  readonly client: { multi(): unknown };
  /**
   * Adds points within a window that begins with the first: answers the count, and the milliseconds until it ends.
   * Anything but more points begins none, and ends it at 0.
   */
  readonly add: (key: string, points: number, windowSeconds: number) => Promise<[number, number]>;
  /** Gives each other operation its time, and refuses at once while Redis is away. */
  readonly attempt: <T>(operation: () => Promise<T>) => Promise<T>;
  /** Of every key. */
  readonly prefix: string;
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Counters that all processes share. The library's own limit, insurance and blocks are not used: its `consume` rejects
 * alike for a refusal and for a broken Redis, and its insurance does not say that it has answered.
 */
export class RedisCounters implements Counters {
  readonly #counters: RateLimiterRedis;
  readonly #attempt: RedisCountersOptions['attempt'];

  constructor({ client, add, attempt, prefix }: RedisCountersOptions) {
    this.#attempt = attempt;
    this.#counters = new RateLimiterRedis({
      // In place of the library's own script, which would be a command for each request.
      storeClient: {
        rlflxIncr: ([key, points, seconds]: [string, string, string]) =>
          add(key, Number(points), Number(seconds)),
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
