import type { CompletedTurn } from '#src/domain/conversations/turn.js';
import type { ConversationState, SentMessage } from './sent-message.js';

/** How a reply was streamed. */
export interface StreamChunks {
  /** As it was expected to be when the reply began. */
  readonly conversation: ConversationState;
  /** Together the reply. */
  readonly pieces: readonly string[];
}

/** What a conversation cache keeps for a repeated request. The message is not in it: the repeated request brings it along. */
interface ReplayRecord {
  readonly turn: Omit<CompletedTurn, 'userMessage'>;
  readonly conversation: ConversationState;
  /** Null: it was answered in one piece. Lengths are in UTF-16 units. */
  readonly chunks: { readonly conversation: ConversationState; readonly lengths: readonly number[] } | null;
}

/** @param chunks null when the reply was not streamed. */
export function writeReplayRecord({ turn, conversation }: SentMessage, chunks: StreamChunks | null): string {
  const { userMessage: _, ...rest } = turn;
  const kept: ReplayRecord = {
    turn: rest,
    conversation,
    chunks: chunks && {
      conversation: chunks.conversation,
      lengths: chunks.pieces.map(({ length }) => length),
    },
  };
  return JSON.stringify(kept);
}

/** What was written, for the same message. A reply that was not streamed has one piece. */
export function readReplayRecord(
  text: string,
  userMessage: string,
): { sent: SentMessage; chunks: StreamChunks } {
  const { turn, conversation, chunks }: ReplayRecord = JSON.parse(text);
  const { content } = turn.outcome.reply;
  return {
    sent: { turn: { ...turn, userMessage }, conversation },
    chunks: {
      conversation: chunks?.conversation ?? conversation,
      pieces: cut(content, chunks?.lengths ?? [content.length]),
    },
  };
}

function cut(text: string, lengths: readonly number[]): string[] {
  let begin = 0;
  const pieces: string[] = [];
  for (const length of lengths) {
    pieces.push(text.slice(begin, begin + length));
    begin += length;
  }
  return pieces.filter((piece) => piece !== '');
}
