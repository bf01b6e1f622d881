/** Limits of one client in place of the service's own: null is the service's, 0 is none. */
export interface ClientLimits {
  readonly chatPerMinute: number | null;
  readonly requestsPerMinute: number | null;
  /** Turns at the same time. */
  readonly concurrentTurns: number | null;
}

/** What the operator has agreed with one client. */
export interface ClientTerms {
  readonly limits: ClientLimits;
  /** In place of the service's own: null is the service's, 0 is none. */
  readonly budgetTokensPerDay: number | null;
}

/** Of a client that the operator has changed nothing for. */
export const STANDARD_TERMS: ClientTerms = Object.freeze({
  limits: Object.freeze({ chatPerMinute: null, requestsPerMinute: null, concurrentTurns: null }),
  budgetTokensPerDay: null,
});
