import { createHash } from 'node:crypto';
import type {
  AttemptDecision,
  FailureLimit,
  FailureLimiter,
} from '#src/application/ports/limits/failure-limiter.js';
import type { RateLimit } from '#src/application/ports/limits/rate-limiter.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Count, Counters } from './counters.js';
import { decide, limitInForce } from './limit-in-force.js';
import { type Block, ProcessBlocks } from './process-blocks.js';

export interface FlexibleFailureLimiterOptions {
  readonly counters: Counters;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
  readonly clock: Clock;
}

const STRIKES_SECONDS = 86_400;
/** The count of a blocked key: far from any limit, however much is given back meanwhile. */
const BLOCKED = 1_000_000_000;

/**
 * Attempts and failures are counted apart: the first refuse for the moment, the second begin a block. Each block of a
 * key within a day is twice as long as the one before.
 */
export class FlexibleFailureLimiter implements FailureLimiter {
  readonly #options: FlexibleFailureLimiterOptions;
  readonly #blocks: ProcessBlocks;

  constructor(options: FlexibleFailureLimiterOptions) {
    this.#options = options;
    this.#blocks = new ProcessBlocks(options.clock);
  }

  async peek(limit: RateLimit, key: string): Promise<AttemptDecision> {
    const name = nameOf(key);
    const block = this.#blocks.find(limit, name);
    if (block !== null) return refuse(limit, block);
    const count = await this.#options.counters.read(limit.scope, name);
    if (count === null) return { ...decide(limit, limit.limit, 0, 0), isBlocked: false };
    return this.#decide(limit, name, { ...count, count: count.count + 1 });
  }

  async attempt(limit: RateLimit, key: string): Promise<AttemptDecision> {
    const name = nameOf(key);
    const block = this.#blocks.find(limit, name);
    if (block !== null) return refuse(limit, block);
    const count = await this.#options.counters.increment(limit.scope, name, limit.windowSeconds);
    const decision = this.#decide(limit, name, count);
    if (!decision.allowed) await this.giveBack(limit, key);
    return decision;
  }

  giveBack(limit: RateLimit, key: string): Promise<void> {
    return this.#options.counters.decrement(limit.scope, nameOf(key), limit.windowSeconds);
  }

  async fail(limit: FailureLimit, key: string): Promise<boolean> {
    const { counters, instances } = this.#options;
    const name = nameOf(key);
    const own = `${limit.scope}:${name}`;
    const failures = await counters.increment('failures', own, limit.windowSeconds);
    if (failures.count !== limitInForce(limit, failures, instances)) return false;
    const strikes = await counters.increment('strikes', own, STRIKES_SECONDS);
    const seconds = Math.min(limit.windowSeconds * 2 ** (strikes.count - 1), limit.maxBlockSeconds);
    await counters.hold(limit.scope, name, BLOCKED, seconds);
    return true;
  }

  #decide(limit: RateLimit, name: string, count: Count): AttemptDecision {
    const inForce = limitInForce(limit, count, this.#options.instances);
    const isBlocked = count.count > BLOCKED / 2;
    // What this process counted by itself must not hold longer than it has to.
    if (isBlocked && !count.isShare)
      this.#blocks.begin(limit, name, { limit: inForce, resetMs: count.resetMs });
    return { ...decide(limit, inForce, count.count, count.resetMs), isBlocked };
  }
}

function refuse(asked: RateLimit, { limit, resetMs }: Block): AttemptDecision {
  return { ...decide(asked, limit, Infinity, resetMs), isBlocked: true };
}

/** Keys hold what callers wrote, emails among it: neither their text nor their length belongs into a store. */
function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
