import type { ErrorCode } from '../errors.js';

/** Tokens that a turn cost. `estimated` when the provider reported none. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly estimated: boolean;
}

/** `stop`: the model was done. `length`: the output cap cut it. */
export type FinishReason = 'stop' | 'length';

export interface Reply {
  readonly content: string;
  readonly finishReason: FinishReason;
}

/** What the model gave for one prompt. */
export interface Completion {
  readonly reply: Reply;
  /** The model that answered, which may be the fallback. */
  readonly model: string;
  readonly usage: Usage;
}

/** One user message on its way through the model. It ends once, in one {@link TurnOutcome}. */
export interface Turn {
  readonly id: string;
  readonly conversationId: string;
  readonly characterId: string;
  readonly userMessage: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

export type TurnOutcome =
  | ({ readonly status: 'completed'; readonly completedAt: string } & Completion)
  | { readonly status: 'failed'; readonly code: ErrorCode }
  | { readonly status: 'cancelled' };

/** A turn whose reply is whole: the only kind that is ever stored. */
export interface CompletedTurn extends Turn {
  readonly outcome: Extract<TurnOutcome, { status: 'completed' }>;
}

export function completeTurn(turn: Turn, completion: Completion, completedAt: string): CompletedTurn {
  return { ...turn, outcome: { status: 'completed', completedAt, ...completion } };
}
