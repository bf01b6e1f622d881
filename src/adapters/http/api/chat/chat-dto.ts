import type { Count, Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';
import type { SentMessage } from '#src/application/chat/sent-message.js';
import type { ConversationId } from '../conversations/conversation-dto.js';

/**
 * @minLength 1
 * @maxLength 8000
 * @example "My favourite colour is ultramarine."
 */
export type MessageText = string;

/**
 * Any text of the caller's choice that names this one request. Sent again within 24 hours with the same body, the request
 * is given the first turn's answer again, and no model is called.
 * @pattern ^[!-~]{1,255}$ must be 1 to 255 visible ASCII characters
 * @minLength 1 must be 1 to 255 visible ASCII characters
 * @maxLength 255 must be 1 to 255 visible ASCII characters
 * @example "order-4711-question-1"
 */
export type IdempotencyKey = string;

export interface ChatInput {
  characterId: Uuid;
  message: MessageText;
  /** Absent: a new conversation. One that is unknown or has expired starts afresh. */
  conversationId?: ConversationId;
  stream?: boolean;
  /** When another turn of the conversation is running: wait (at most 8 do, at most 30 s), or be refused at once. */
  onBusy?: 'queue' | 'reject';
}

/** A completed turn: it has been stored. */
export interface Turn {
  turnId: Uuid;
  conversation: TurnConversation;
  reply: TurnReply;
  /**
   * The model that answered.
   * @example "gpt-4o-mini"
   */
  model: string;
  usage: TurnUsage;
}

export interface TurnConversation {
  id: ConversationId;
  characterId: Uuid;
  /** @example false */
  isNew: boolean;
  /**
   * What a new conversation begins with: the character's greeting. Absent when the conversation is not new, or has none.
   */
  greeting?: string;
  /** Completed turns, this one included. */
  turns: Count;
  expiresAt: Timestamp;
  /**
   * Whether the model was shown less than the whole conversation.
   * @example false
   */
  truncated: boolean;
}

/** Tokens. `estimated` when the provider reported none. */
export interface TurnUsage {
  /** @example 131 */
  inputTokens: Count;
  /** @example 50 */
  outputTokens: Count;
  /** @example 181 */
  totalTokens: Count;
  /** @example false */
  estimated: boolean;
}

export interface TurnReply {
  role: 'assistant';
  /** @example "Ultramarine is a fine choice for a north wall." */
  content: string;
  /** `length`: the output cap cut it. */
  finishReason: 'stop' | 'length';
}

export function toTurn({ turn, conversation }: SentMessage): Turn {
  const { reply, model, usage } = turn.outcome;
  return {
    turnId: turn.id,
    conversation,
    reply: { role: 'assistant', content: reply.content, finishReason: reply.finishReason },
    model,
    usage,
  };
}
