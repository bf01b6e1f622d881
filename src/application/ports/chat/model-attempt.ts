import type { Usage } from '#src/domain/conversations/turn.js';
import type { ErrorCode } from '#src/domain/errors.js';

/** `cancelled`: the caller had gone. */
export type CallFailure = ErrorCode | 'cancelled';

/** One call to a provider, once it is over. A turn has several when the first ones failed. */
export interface ModelAttempt {
  readonly model: string;
  readonly outcome: 'completed' | CallFailure;
  /**
   * As its provider counted it, else estimated; of the prompt alone when the call was cancelled, or its time was over,
   * before any text. Null: it cost nothing, or its text was passed on and is counted by whoever received it.
   */
  readonly usage: Usage | null;
  readonly elapsedMs: number;
}
