import { createHash } from 'node:crypto';
import type { FailureLimit, FailureLimiter } from '#src/application/ports/failure-limiter.js';
import type { RateDecision } from '#src/application/ports/rate-limiter.js';
import type { Counters } from './counters.js';
import { decide, limitInForce } from './limit-in-force.js';

export interface FlexibleFailureLimiterOptions {
  readonly counters: Counters;
  readonly instances: number;
}

const STRIKES_SECONDS = 86_400;
/** Added to the count of a blocked key, so that what is given back meanwhile cannot end the block. */
const BLOCKED = 1_000_000;

/** Each block of a key within a day is twice as long as the one before. */
export class FlexibleFailureLimiter implements FailureLimiter {
  constructor(private readonly options: FlexibleFailureLimiterOptions) {}

  async peek(limit: FailureLimit, key: string): Promise<RateDecision> {
    const { counters, instances } = this.options;
    const count = await counters.read(limit.scope, nameOf(key));
    if (count === null) return decide(limit, limit.limit, 0, 0);
    const decision = decide(limit, limitInForce(limit, count, instances), count.count, count.resetMs);
    return { ...decision, beginsBlock: false };
  }

  async attempt(limit: FailureLimit, key: string): Promise<RateDecision> {
    const { counters, instances } = this.options;
    const name = nameOf(key);
    const count = await counters.increment(limit.scope, name, limit.windowSeconds);
    const inForce = limitInForce(limit, count, instances);
    const decision = decide(limit, inForce, count.count, count.resetMs);
    if (!decision.beginsBlock) return decision;
    const seconds = await this.#nextBlockSeconds(limit, name);
    await counters.hold(limit.scope, name, inForce + BLOCKED, seconds);
    return { ...decision, resetMs: seconds * 1000, retryAfterMs: seconds * 1000 };
  }

  giveBack(limit: FailureLimit, key: string): Promise<void> {
    return this.options.counters.decrement(limit.scope, nameOf(key), limit.windowSeconds);
  }

  async #nextBlockSeconds(limit: FailureLimit, name: string): Promise<number> {
    const { count } = await this.options.counters.increment(
      'strikes',
      `${limit.scope}:${name}`,
      STRIKES_SECONDS,
    );
    return Math.min(limit.windowSeconds * 2 ** (count - 1), limit.longestBlockSeconds);
  }
}

/** Keys hold what callers wrote, emails among it: neither their text nor their length belongs into a store. */
function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
