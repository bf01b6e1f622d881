import type { Count, Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';

/**
 * A day in UTC.
 * @pattern ^\d{4}-\d{2}-\d{2}$
 * @format date
 * @example "2026-11-23"
 */
export type Day = string;

/** Of a day or a character: completed turns, and tokens, also those of turns that failed after the model had answered. */
export interface CharacterUsage {
  /** It may be gone by now. Null: the other characters of the day together. */
  characterId: Uuid | null;
  turns: Count;
  /** @example 393 */
  inputTokens: Count;
  /** @example 150 */
  outputTokens: Count;
  /** @example 543 */
  totalTokens: Count;
}

export interface UsageDay {
  day: Day;
  turns: Count;
  /** @example 393 */
  inputTokens: Count;
  /** @example 150 */
  outputTokens: Count;
  /** @example 543 */
  totalTokens: Count;
  /**
   * The 100 characters with the most tokens, by id; where there are more, all others together come last.
   * @maxItems 101
   */
  characters: CharacterUsage[];
}

/** Of today, in tokens. */
export interface BudgetLeft {
  /**
   * @isLong
   * @minimum 1
   * @example 500000
   */
  tokensPerDay: number;
  /** @example 123456 */
  spentTokens: Count;
  /**
   * For turns that run: each holds what it may cost at most, and gives back what it did not.
   * @example 4000
   */
  heldTokens: Count;
  /**
   * Neither spent nor held.
   * @example 372544
   */
  leftTokens: Count;
  /**
   * The end of the day in UTC.
   * @example "2026-11-24T00:00:00.000Z"
   */
  resetsAt: Timestamp;
}

export interface Usage {
  /** Null: there is no budget. */
  budget: BudgetLeft | null;
  /**
   * Today and the 29 days before it, newest first.
   * @minItems 30
   * @maxItems 30
   */
  days: UsageDay[];
}
