import type { Completion, TurnOutcome } from '#src/domain/conversations/turn.js';
import type { Prompt } from './llm-gateway.js';
import type { CallFailure, ModelAttempt } from './model-attempt.js';

/** Whose turn it is. */
export interface ObservedTurn {
  readonly clientId: string;
  readonly turnId: string;
  readonly conversationId: string;
  readonly characterId: string;
}

/** What a turn asked of its model, over all attempts. It holds texts of people. */
export interface ModelCall {
  readonly prompt: Prompt;
  readonly streamed: boolean;
  /** Milliseconds since the epoch, as all times here. */
  readonly startedAt: number;
  /** Null: there was none, or the call was not streamed. */
  readonly firstTokenAt: number | null;
  readonly endedAt: number;
  readonly outcome:
    | { readonly kind: 'completed'; readonly completion: Completion }
    | { readonly kind: 'failed'; readonly code: CallFailure };
}

/** In this order, where an attempt may come before the first token and behind it. A turn that is replayed has no other event. */
export type TurnEvent = { readonly turn: ObservedTurn } & (
  | { readonly kind: 'opened' }
  /** Of a streamed turn, before its reader has it. `waitedMs` is how long the model was waited for. */
  | { readonly kind: 'first_token'; readonly waitedMs: number }
  | { readonly kind: 'attempt'; readonly attempt: ModelAttempt }
  /** `call` is null when no model was asked. */
  | { readonly kind: 'ended'; readonly outcome: TurnOutcome; readonly call: ModelCall | null }
  /** An earlier turn's answer was given again. */
  | { readonly kind: 'replayed' }
);

/**
 * Is notified of every turn. It returns at once: turns wait neither for it nor for a promise that it returns, and what it
 * throws or rejects with reaches none.
 */
export interface TurnObserver {
  observe(event: TurnEvent): void;
}
