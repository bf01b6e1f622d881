import type { CompletedTurn } from '#src/domain/conversations/turn.js';

export interface ConversationState {
  readonly id: string;
  readonly characterId: string;
  readonly isNew: boolean;
  /** What a new conversation begins with; absent when it is not new, or has none. */
  readonly greeting?: string;
  /** Completed turns, this one included. */
  readonly turns: number;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
  /** Whether the model was shown less than the whole conversation. */
  readonly truncated: boolean;
}

/** A message with its reply, and the conversation after both. */
export interface SentMessage {
  readonly turn: CompletedTurn;
  readonly conversation: ConversationState;
}
