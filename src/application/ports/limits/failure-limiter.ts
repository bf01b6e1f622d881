import type { RateDecision, RateLimit } from './rate-limiter.js';

export interface FailureLimit extends RateLimit {
  /** How long a block grows: each within a day is twice as long as the one before, the first as long as the window. */
  readonly maxBlockSeconds: number;
}

/** Refused attempts are not counted: there is nothing to give back. */
export interface AttemptDecision extends RateDecision {
  /** Refused for what has failed, and not only for as long as the outcomes of others are awaited. */
  readonly isBlocked: boolean;
}

/**
 * A limit on what comes of attempts, on their failures mostly. Never rejects: where the shared count is out of reach,
 * each process counts its share.
 */
export interface FailureLimiter {
  /** Whether an attempt would be allowed, after those that were asked for before it; counts nothing. */
  peek(limit: RateLimit, key: string): Promise<AttemptDecision>;
  /** Counts before the outcome is known, so that parallel attempts cannot slip through together. */
  attempt(limit: RateLimit, key: string): Promise<AttemptDecision>;
  /** After an attempt that was allowed and did not fail. */
  giveBack(limit: RateLimit, key: string): Promise<void>;
  /**
   * After an attempt that was allowed and failed. As many failures as the limit begin a block; attempts that are
   * still under way, or were given back, never do.
   * @returns whether a block begins with it.
   */
  fail(limit: FailureLimit, key: string): Promise<boolean>;
}
