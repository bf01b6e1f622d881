import type { RateDecision, RateLimit } from './rate-limiter.js';

export interface FailureLimit extends RateLimit {
  /** How long a block grows: each within a day is twice as long as the one before, the first as long as the window. */
  readonly longestBlockSeconds: number;
}

/** A limit on failures alone. Never rejects: where the shared count is out of reach, each process counts its share. */
export interface FailureLimiter {
  /** Whether a block has begun; counts nothing. */
  peek(limit: FailureLimit, key: string): Promise<RateDecision>;
  /**
   * Counts a failure, or an attempt that may become one: counted before its outcome is known, parallel ones cannot slip
   * through together, and one that succeeds is given back.
   */
  attempt(limit: FailureLimit, key: string): Promise<RateDecision>;
  /** After an attempt that was allowed and did not fail. */
  giveBack(limit: FailureLimit, key: string): Promise<void>;
}
