import type { Count, Timestamp, Uuid } from '#src/adapters/http/openapi/scalars.js';
import type { Conversation } from '#src/domain/conversations/conversation.js';

/**
 * The caller's own (a session's, visitor's or customer's id), or one that an earlier turn returned. Visible ASCII; in an
 * address it is percent-encoded. Not `.` or `..`, which no address can hold.
 * @pattern ^(?!\.{1,2}$)[!-~]{1,200}$ must be 1 to 200 visible ASCII characters without spaces, and not . or .. alone
 * @format conversation-id
 * @minLength 1 must not be empty
 * @maxLength 200 must have at most 200 characters
 * @example "visitor-7"
 */
export type ConversationId = string;

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
