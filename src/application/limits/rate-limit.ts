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
