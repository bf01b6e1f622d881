import type { Count, Counters } from '../ports/limits/counters.js';
import type { Clock } from '../ports/system/clock.js';
import { decide, limitInForce } from './limit-in-force.js';
import { type Block, ProcessBlocks } from './process-blocks.js';
import type { RateDecision, RateLimit } from './rate-limit.js';

export interface FailureLimit extends RateLimit {
  /** How long a block grows: each within a day is twice as long as the one before, the first as long as the window. */
  readonly maxBlockSeconds: number;
}

/** Refused attempts are not counted: there is nothing to give back. */
export interface AttemptDecision extends RateDecision {
  /** Refused for what has failed, and not only for as long as the outcomes of others are awaited. */
  readonly isBlocked: boolean;
}

export interface FailureLimiterOptions {
  readonly counters: Counters;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
  readonly clock: Clock;
  /** Keys hold what callers wrote, emails among it: neither their text nor their length belongs into a store. */
  readonly digest: (key: string) => string;
}

const STRIKES_SECONDS = 86_400;
/** The count of a blocked key: far from any limit, however much is given back meanwhile. */
const BLOCKED = 1_000_000_000;

/**
 * A limit on what comes of attempts, on their failures mostly. Never rejects: where the shared count is out of reach,
 * each process counts its share. Attempts and failures are counted apart: the first refuse for the moment, the second begin a block. Each block of a
 * key within a day is twice as long as the one before.
 */
export class FailureLimiter {
  readonly #options: FailureLimiterOptions;
  readonly #blocks: ProcessBlocks;

  constructor(options: FailureLimiterOptions) {
    this.#options = options;
    this.#blocks = new ProcessBlocks(options.clock);
  }

  /** Whether an attempt would be allowed, after those that were asked for before it; counts nothing. */
  async peek(limit: RateLimit, key: string): Promise<AttemptDecision> {
    const name = this.#options.digest(key);
    const block = this.#blocks.find(limit, name);
    if (block !== null) return refuse(limit, block);
    const count = await this.#options.counters.read(limit.scope, name);
    if (count === null) return { ...decide(limit, limit.limit, 0, 0), isBlocked: false };
    return this.#decide(limit, name, { ...count, count: count.count + 1 });
  }

  /** Counts before the outcome is known, so that parallel attempts cannot slip through together. */
  async attempt(limit: RateLimit, key: string): Promise<AttemptDecision> {
    const name = this.#options.digest(key);
    const block = this.#blocks.find(limit, name);
    if (block !== null) return refuse(limit, block);
    const count = await this.#options.counters.increment(limit.scope, name, limit.windowSeconds);
    const decision = this.#decide(limit, name, count);
    if (!decision.allowed) await this.giveBack(limit, key);
    return decision;
  }

  /** After an attempt that was allowed and did not fail. */
  giveBack(limit: RateLimit, key: string): Promise<void> {
    return this.#options.counters.decrement(limit.scope, this.#options.digest(key), limit.windowSeconds);
  }

  /**
   * After an attempt that was allowed and failed. As many failures as the limit begin a block; attempts that are
   * still under way, or were given back, never do.
   * @returns whether a block begins with it.
   */
  async fail(limit: FailureLimit, key: string): Promise<boolean> {
    const { counters, instances } = this.#options;
    const name = this.#options.digest(key);
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
