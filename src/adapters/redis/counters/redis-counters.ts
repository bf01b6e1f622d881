import type { Count, CounterScope, Counters, CounterWindow } from '#src/application/ports/limits/counters.js';
import type { RedisConnection } from '../connection/redis-connection.js';
import { BatchedCounters, type WindowCount } from './batched-counters.js';

/** Counters that all processes share. They reject when Redis does not answer in time. */
export class RedisCounters implements Counters {
  readonly #connection: RedisConnection;
  readonly #counts: BatchedCounters;
  readonly #prefix: string;

  /** @param prefix of every key. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#counts = new BatchedCounters(connection);
    this.#prefix = `${prefix}limit`;
  }

  async increment(scope: CounterScope, key: string, windowSeconds: number): Promise<Count> {
    return toCount(await this.#counts.add(this.#nameOf(scope, key), 1, windowSeconds));
  }

  async incrementBoth(
    first: CounterWindow,
    maxOf: (isShare: boolean) => number,
    second: CounterWindow,
  ): Promise<[Count, Count | null]> {
    const [counted, other] = await this.#counts.addBoth(
      { ...first, key: this.#nameOf(first.scope, first.key), max: maxOf(false) },
      { ...second, key: this.#nameOf(second.scope, second.key) },
    );
    return [toCount(counted), other && toCount(other)];
  }

  async decrement(scope: CounterScope, key: string, windowSeconds: number): Promise<void> {
    await this.#counts.add(this.#nameOf(scope, key), -1, windowSeconds);
  }

  async hold(scope: CounterScope, key: string, count: number, seconds: number): Promise<void> {
    await this.#connection.attempt((client) => client.set(this.#nameOf(scope, key), count, 'EX', seconds));
  }

  async read(scope: CounterScope, key: string): Promise<Count | null> {
    // Not GET, which would overtake what has been gathered.
    const counted = await this.#counts.add(this.#nameOf(scope, key), 0, 1);
    return counted[0] <= 0 ? null : toCount(counted);
  }

  #nameOf(scope: CounterScope, key: string): string {
    return `${this.#prefix}:${scope}:${key}`;
  }
}

function toCount([count, resetMs]: WindowCount): Count {
  return { count, resetMs, isShare: false };
}
