import type { CharacterDay, ShownUsage } from '#src/domain/usage/usage.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';

export interface UsageEntry extends CharacterDay {
  readonly clientId: string;
}

/**
 * What clients' turns cost, by day and character. It goes with the client, and stays when a character goes. Every method
 * rejects with AppError `database_unavailable` when the store cannot answer.
 */
export interface UsageRepository {
  /**
   * Adds to what is there, all entries in one step, also when other processes add at the same time. Clients that are gone
   * are passed over.
   * @param oldestDay what is older is forgotten for good in the same step, except for the newest `USAGE_DAYS` days on
   * which anybody's use was recorded: a wall clock that jumps forward must not take a month with it.
   */
  add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void>;
  /**
   * Newest day first, then by character, what is left of the day at its end.
   * @param fromDay that day and later ones.
   * @param maxCharacters of a day by themselves, at least 1: those with the most tokens, of equals those with the lower
   * ids. All others of that day come as one entry without a character.
   * @throws AppError `overloaded` when it would not be the client's turn in time; the store is not asked then.
   */
  list(clientId: string, fromDay: UtcDay, maxCharacters: number): Promise<ShownUsage[]>;
  /** Input and output of all characters together. */
  tokensOn(clientId: string, day: UtcDay): Promise<number>;
}
