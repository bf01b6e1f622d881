import type { ConversationState } from './sent-message.js';

/** Receives a reply while it is generated. */
export interface TurnStream {
  /** Settles when the reader is ready for more. `started` is the same every time. */
  onDelta(text: string, started: TurnHeader): Promise<void>;
}

/** What is known of a turn while it runs: its conversation as it will be if the turn completes now. */
export interface TurnHeader {
  readonly turnId: string;
  readonly conversation: ConversationState;
  readonly replayed: boolean;
}
