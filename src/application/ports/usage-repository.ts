import type { CharacterDay } from '#src/domain/usage.js';
import type { UtcDay } from '#src/domain/utc-day.js';

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
   * @param oldestDay what is older is forgotten for good in the same step.
   */
  add(entries: readonly UsageEntry[], oldestDay: UtcDay): Promise<void>;
  /** Newest day first, then by character. @param fromDay that day and later ones. */
  list(clientId: string, fromDay: UtcDay): Promise<CharacterDay[]>;
  /** Input and output of all characters together. */
  tokensOn(clientId: string, day: UtcDay): Promise<number>;
}
