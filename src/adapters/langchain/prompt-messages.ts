import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';

/** Messages, never a template: braces in a text are text. */
export function toMessages(prompt: Prompt): BaseMessage[] {
  const messages: BaseMessage[] = [new SystemMessage({ content: prompt.instructions })];
  if (prompt.greeting !== null) messages.push(new AIMessage({ content: prompt.greeting }));
  for (const exchange of prompt.history) {
    messages.push(new HumanMessage({ content: exchange.user }));
    messages.push(new AIMessage({ content: exchange.assistant }));
  }
  messages.push(new HumanMessage({ content: prompt.message }));
  return messages;
}
