/** The names of the limits: callers see them, and the audit log holds them. */
export type LimitScope =
  | 'ip'
  | 'signup'
  | 'signup-total'
  | 'password'
  | 'password-account'
  | 'password-ip'
  | 'password-checks'
  | 'password-checks-ip'
  | 'bad-keys'
  | 'service-key'
  | 'chat'
  | 'requests'
  | 'turns'
  | 'turns-refused';

/** So many within a window, for each key by itself. */
export interface RateLimit {
  readonly scope: LimitScope;
  /** At least 1. */
  readonly limit: number;
  /** Whole seconds, 1 to 86400. The window begins with the first one that it counts. */
  readonly windowSeconds: number;
}

/** What one limit counts by itself. */
export interface LimitedKey {
  readonly limit: RateLimit;
  readonly key: string;
}

/** What every limiter answers: a denial is an outcome, not an error. */
export interface LimitDecision {
  readonly scope: LimitScope;
  readonly allowed: boolean;
  /** What is in force here and now: this process's share while the processes cannot count together. */
  readonly limit: number;
  /** 0 when refused. */
  readonly remaining: number;
  /** When it makes sense to come back; 0 when allowed. */
  readonly retryAfterMs: number;
}

export interface RateDecision extends LimitDecision {
  readonly windowSeconds: number;
  /** Until the window ends and everything counts anew. */
  readonly resetMs: number;
}

export interface CountedDecision extends RateDecision {
  /** With this denial a block begins; later ones belong to it. */
  readonly beginsBlock: boolean;
}

export interface RateLimiter {
  /**
   * Counts one. In one step, so that of parallel callers no more than the limit are allowed.
   * Never rejects, and never lets everything pass: where the shared count is out of reach, each process counts its share.
   */
  consume(limit: RateLimit, key: string): Promise<CountedDecision>;
  /**
   * `consume` of the first, and of the second unless the first refuses: then null, and nothing is counted there. Together,
   * so that a shared count is asked once.
   */
  consumeBoth(first: LimitedKey, second: LimitedKey): Promise<[CountedDecision, CountedDecision | null]>;
  /**
   * Counts nothing and asks nobody.
   * @returns the denial that `consume` would answer, where this process knows it by itself; null says nothing.
   */
  knownDenial(limit: RateLimit, key: string): RateDecision | null;
}
