import type { RateDecision, RateLimit } from './rate-limiter.js';

export interface FailureLimit extends RateLimit {
  /** How long a block grows: each within a day is twice as long as the one before, the first as long as the window. */
  readonly longestBlockSeconds: number;
}

/**
 * A limit on failures alone. Every attempt is counted before its outcome is known, so that parallel ones cannot
 * slip through together; one that succeeded is given back. Never rejects, as {@link RateDecision}'s limiters do not.
 */
export interface FailureLimiter {
  attempt(limit: FailureLimit, key: string): Promise<RateDecision>;
  /** After an attempt that was allowed and did not fail. */
  giveBack(limit: FailureLimit, key: string): Promise<void>;
}
