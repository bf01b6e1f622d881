import type { CompletedTurn } from '#src/domain/turn.js';
import type { ConversationState, SentMessage } from './sent-message.js';

/** How a reply was told to a reader. */
export interface Telling {
  /** As it was expected to be when the reply began. */
  readonly conversation: ConversationState;
  /** In UTF-16 units; together the length of the reply. */
  readonly pieceLengths: readonly number[];
}

/** What a conversation cache keeps for a repeated request. The message is not in it: the repeated request brings it along. */
interface KeptAnswer {
  readonly turn: Omit<CompletedTurn, 'userMessage'>;
  readonly conversation: ConversationState;
  /** Null: it was answered in one piece. */
  readonly telling: Telling | null;
}

export function writeKeptAnswer({ turn, conversation }: SentMessage, telling: Telling | null): string {
  const { userMessage: _, ...rest } = turn;
  const kept: KeptAnswer = { turn: rest, conversation, telling };
  return JSON.stringify(kept);
}

/** What was written before, for the same message; a reply that nobody was told is told in one piece. */
export function readKeptAnswer(text: string, userMessage: string): { sent: SentMessage; telling: Telling } {
  const { turn, conversation, telling }: KeptAnswer = JSON.parse(text);
  const { length } = turn.outcome.reply.content;
  return {
    sent: { turn: { ...turn, userMessage }, conversation },
    telling: telling ?? { conversation, pieceLengths: length === 0 ? [] : [length] },
  };
}
