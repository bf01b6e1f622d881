import { LRUCache } from 'lru-cache';
import type { Clock } from '#src/application/ports/clock.js';
import type { RateDecision, RateLimit, RateLimiter } from '#src/application/ports/rate-limiter.js';
import type { Counters } from './counters.js';
import { decide, limitInForce } from './limit-in-force.js';

export interface FlexibleRateLimiterOptions {
  readonly counters: Counters;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
  readonly clock: Clock;
}

interface Block {
  readonly limit: number;
  /** On the monotonic clock. */
  readonly endsMs: number;
}

const MAX_BLOCKS = 10_000;

/**
 * Windows of fixed length, each beginning with the first request that it counts. Who has used one up is refused by this
 * process alone until it ends, so that hammering on costs the shared counters nothing.
 */
export class FlexibleRateLimiter implements RateLimiter {
  readonly #blocks = new LRUCache<string, Block>({ max: MAX_BLOCKS });

  constructor(private readonly options: FlexibleRateLimiterOptions) {}

  async consume(limit: RateLimit, key: string): Promise<RateDecision> {
    const { counters, instances, clock } = this.options;
    const name = `${limit.scope}:${key}`;
    const block = this.#blocks.get(name);
    if (block !== undefined) {
      const leftMs = block.endsMs - clock.monotonicMs();
      // A limit that the operator has changed since is another one.
      if (leftMs > 0 && block.limit === limit.limit) return decide(limit, limit.limit, Infinity, leftMs);
      this.#blocks.delete(name);
    }
    const count = await counters.increment(limit.scope, key, limit.windowSeconds);
    const decision = decide(limit, limitInForce(limit, count, instances), count.count, count.resetMs);
    // What this process counted by itself must not hold longer than it has to.
    if (!decision.allowed && !count.isShare) {
      this.#blocks.set(name, { limit: limit.limit, endsMs: clock.monotonicMs() + count.resetMs });
    }
    return decision;
  }
}
