import type { ConversationState } from './sent-message.js';

/** Somebody who reads along. */
export interface TurnReader {
  /** Settles when the reader is ready for more. `started` is the same every time. */
  onText(text: string, started: StartedTurn): Promise<void>;
}

/** What is known of a turn while it runs: its conversation as it will be if the turn completes now. */
export interface StartedTurn {
  readonly turnId: string;
  readonly conversation: ConversationState;
  readonly replayed: boolean;
}
