import type { SentMessage } from '#src/application/chat/sent-message.js';
import type { Conversation } from '#src/domain/conversations/conversation.js';
import type { ConversationId, Timestamp, Uuid } from '../schemas.js';

/**
 * @isLong
 * @minimum 0
 * @example 3
 */
export type Count = number;

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

export interface ConversationWithMessages {
  conversation: ConversationSummary;
  /** Oldest first. The greeting that the conversation began with comes first, as a message of the assistant; it is no turn. */
  messages: ConversationMessage[];
}

export interface ConversationSummary {
  id: ConversationId;
  characterId: Uuid;
  /** Completed turns, also those that are no longer kept. */
  turns: Count;
  expiresAt: Timestamp;
}

export interface ConversationMessage {
  role: 'user' | 'assistant';
  /** @example "My favourite colour is ultramarine." */
  content: string;
  createdAt: Timestamp;
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

export function toConversationWithMessages(conversation: Conversation): ConversationWithMessages {
  const { id, characterId, greeting, turns, expiresAt } = conversation;
  const opening: ConversationMessage[] =
    greeting === null ? [] : [{ role: 'assistant', content: greeting.text, createdAt: greeting.at }];
  return {
    conversation: { id, characterId, turns, expiresAt },
    messages: [
      ...opening,
      ...conversation.exchanges.flatMap((exchange): ConversationMessage[] => [
        { role: 'user', content: exchange.user, createdAt: exchange.userAt },
        { role: 'assistant', content: exchange.assistant, createdAt: exchange.assistantAt },
      ]),
    ],
  };
}
