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
    const known = this.knownRefusal(limit, key);
    if (known !== null) return known;
    const { counters, instances, clock } = this.options;
    const count = await counters.increment(limit.scope, key, limit.windowSeconds);
    const decision = decide(limit, limitInForce(limit, count, instances), count.count, count.resetMs);
    // What this process counted by itself must not hold longer than it has to.
    if (!decision.allowed && !count.isShare) {
      const endsMs = clock.monotonicMs() + count.resetMs;
      this.#blocks.set(blockName(limit, key), { limit: limit.limit, endsMs });
    }
    return decision;
  }

  knownRefusal(limit: RateLimit, key: string): RateDecision | null {
    const name = blockName(limit, key);
    const block = this.#blocks.get(name);
    if (block === undefined) return null;
    const leftMs = block.endsMs - this.options.clock.monotonicMs();
    // A limit that the operator has changed since is another one.
    if (leftMs > 0 && block.limit === limit.limit) return decide(limit, limit.limit, Infinity, leftMs);
    this.#blocks.delete(name);
    return null;
  }
}

function blockName({ scope }: RateLimit, key: string): string {
  return `${scope}:${key}`;
}
