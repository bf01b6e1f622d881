import type { UtcDay } from '#src/domain/usage/utc-day.js';

export interface BudgetRequest {
  readonly day: UtcDay;
  /** What the turn may cost at most; a whole number, at least 1. */
  readonly tokens: number;
  /** The whole budget of the day; a whole number, at least 1. */
  readonly limit: number;
  /**
   * What the client has spent on that day so far. Asked for when the counter knows nothing of that day, as after a
   * restart, and what it rejects with is passed on.
   */
  readonly recordedUse: () => Promise<number>;
}

/** A part of a budget that is held for one turn. */
export interface Reservation {
  readonly kind: 'reserved';
  /**
   * Puts what was really spent in the place of what was held; 0 gives all of it back. Called once. Never rejects: what
   * cannot be written to the store now is written later, once, when the store is back.
   * @param tokens a whole number, at least 0; it may be more than was reserved.
   */
  settle(tokens: number): Promise<void>;
}

export interface BudgetDenial {
  readonly kind: 'refused';
  /** Of the day's budget, without what is held for turns that run. At least 0. */
  readonly remaining: number;
}

export interface BudgetState {
  /** Tokens that were spent. */
  readonly spent: number;
  /** Tokens that are held for turns that run. */
  readonly held: number;
}

/**
 * What each client may still spend in a day. Parallel callers never hold more than the limit together with what was spent.
 * Both methods reject with AppError `cache_unavailable` when the store cannot answer.
 */
export interface TokenBudget {
  /** All of it or nothing. What is never settled, because its process has died, is given back after some minutes. */
  reserve(clientId: string, request: BudgetRequest): Promise<Reservation | BudgetDenial>;
  /** Null: nothing has been asked for on that day, or the counter has been lost. */
  find(clientId: string, day: UtcDay): Promise<BudgetState | null>;
}
