import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import type { ChatMessage } from '#src/domain/conversations/chat-message.js';

/** Messages, never a template: braces in a text are text. */
export function toMessages(messages: readonly ChatMessage[]): BaseMessage[] {
  return messages.map(toMessage);
}

function toMessage({ role, content }: ChatMessage): BaseMessage {
  switch (role) {
    case 'system':
      return new SystemMessage({ content });
    case 'user':
      return new HumanMessage({ content });
    case 'assistant':
      return new AIMessage({ content });
  }
}
