import type { Clock } from '#src/application/ports/clock.js';
import type {
  CountedDecision,
  RateDecision,
  RateLimit,
  RateLimiter,
} from '#src/application/ports/rate-limiter.js';
import type { Counters } from './counters.js';
import { decide, limitInForce } from './limit-in-force.js';
import { ProcessBlocks } from './process-blocks.js';

export interface FlexibleRateLimiterOptions {
  readonly counters: Counters;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
  readonly clock: Clock;
}

/**
 * Windows of fixed length, each beginning with the first request that it counts. Who has used one up is refused by this
 * process alone until it ends.
 */
export class FlexibleRateLimiter implements RateLimiter {
  readonly #blocks: ProcessBlocks;

  constructor(private readonly options: FlexibleRateLimiterOptions) {
    this.#blocks = new ProcessBlocks(options.clock);
  }

  async consume(limit: RateLimit, key: string): Promise<CountedDecision> {
    const known = this.knownRefusal(limit, key);
    if (known !== null) return { ...known, beginsBlock: false };
    const { counters, instances } = this.options;
    const count = await counters.increment(limit.scope, key, limit.windowSeconds);
    const inForce = limitInForce(limit, count, instances);
    const decision = decide(limit, inForce, count.count, count.resetMs);
    // What this process counted by itself must not hold longer than it has to.
    if (!decision.allowed && !count.isShare) this.#blocks.begin(limit, key, count.resetMs);
    return { ...decision, beginsBlock: count.count === inForce + 1 };
  }

  knownRefusal(limit: RateLimit, key: string): RateDecision | null {
    const leftMs = this.#blocks.leftMs(limit, key);
    return leftMs > 0 ? decide(limit, limit.limit, Infinity, leftMs) : null;
  }
}
