import type { ClientTerms } from '#src/domain/clients/client-terms.js';

/** Of the table `clients`. */
export const TERMS_COLUMNS = `suspended_at AS suspendedAt, chat_per_minute AS chatPerMinute,
  requests_per_minute AS requestsPerMinute, concurrent_turns AS concurrentTurns,
  budget_tokens_per_day AS budgetTokensPerDay`;

export interface TermsRow {
  readonly chatPerMinute: number | null;
  readonly requestsPerMinute: number | null;
  readonly concurrentTurns: number | null;
  readonly budgetTokensPerDay: number | null;
}

/** The row with its terms in their own shape. */
export function withTerms<T extends TermsRow>(
  row: T,
): Omit<T, 'chatPerMinute' | 'requestsPerMinute' | 'concurrentTurns'> & ClientTerms {
  const { chatPerMinute, requestsPerMinute, concurrentTurns, ...rest } = row;
  return { ...rest, limits: { chatPerMinute, requestsPerMinute, concurrentTurns } };
}
