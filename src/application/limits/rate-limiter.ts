import type { Count, Counters } from '../ports/limits/counters.js';
import type { Clock } from '../ports/system/clock.js';
import { decide, limitInForce } from './limit-in-force.js';
import { ProcessBlocks } from './process-blocks.js';
import type { CountedDecision, LimitedKey, RateDecision, RateLimit } from './rate-limit.js';

export interface RateLimiterOptions {
  readonly counters: Counters;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
  readonly clock: Clock;
}

/** Short enough for the return of the shared counters, long enough to make hammering cheap. */
const SHARE_BLOCK_MS = 100;

/**
 * Windows of fixed length, each beginning with the first request that it counts. A caller that has used one up is refused by this
 * process alone until it ends; who has used up its share of one, for a moment.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #blocks: ProcessBlocks;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#blocks = new ProcessBlocks(options.clock);
  }

  /**
   * Counts one. In one step, so that of parallel callers no more than the limit are allowed.
   * Never rejects, and never lets everything pass: where the shared count is out of reach, each process counts its share.
   */
  async consume(limit: RateLimit, key: string): Promise<CountedDecision> {
    const known = this.knownDenial(limit, key);
    if (known !== null) return { ...known, beginsBlock: false };
    const count = await this.#options.counters.increment(limit.scope, key, limit.windowSeconds);
    return this.#decide({ limit, key }, count);
  }

  /**
   * `consume` of the first, and of the second unless the first refuses: then null, and nothing is counted there. Together,
   * so that a shared count is asked once.
   */
  async consumeBoth(
    first: LimitedKey,
    second: LimitedKey,
  ): Promise<[CountedDecision, CountedDecision | null]> {
    const { counters, instances } = this.#options;
    const known = this.knownDenial(first.limit, first.key);
    if (known !== null) return [{ ...known, beginsBlock: false }, null];
    const knownOfSecond = this.knownDenial(second.limit, second.key);
    if (knownOfSecond !== null) {
      const decision = await this.consume(first.limit, first.key);
      return [decision, decision.allowed ? { ...knownOfSecond, beginsBlock: false } : null];
    }
    const [count, other] = await counters.incrementBoth(
      { ...first.limit, key: first.key },
      (isShare) => limitInForce(first.limit, { isShare }, instances),
      { ...second.limit, key: second.key },
    );
    return [this.#decide(first, count), other && this.#decide(second, other)];
  }

  /**
   * Counts nothing and asks nobody.
   * @returns the denial that `consume` would answer, where this process knows it by itself; null says nothing.
   */
  knownDenial(asked: RateLimit, key: string): RateDecision | null {
    const block = this.#blocks.find(asked, key);
    return block && decide(asked, block.limit, Infinity, block.resetMs);
  }

  #decide({ limit, key }: LimitedKey, { count, resetMs, isShare }: Count): CountedDecision {
    const inForce = limitInForce(limit, { isShare }, this.#options.instances);
    const decision = decide(limit, inForce, count, resetMs);
    if (!decision.allowed) {
      // What this process counted by itself must not hold longer than it has to.
      this.#blocks.begin(limit, key, { limit: inForce, resetMs }, isShare ? SHARE_BLOCK_MS : resetMs);
    }
    return { ...decision, beginsBlock: count === inForce + 1 };
  }
}
