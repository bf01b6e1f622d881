import type { ChatMessage } from '../conversations/chat-message.js';

/** What chat formats add around each message (OpenAI cookbook, "How to count tokens"). */
const TOKENS_PER_MESSAGE = 4;

/** What they add at the end, where the reply begins (ibid.). */
const TOKENS_BEFORE_REPLY = 3;

/**
 * A model-free guess that errs on the high side: four ASCII characters a token, one token for
 * every other UTF-16 unit.
 */
export function estimateTokens(text: string): number {
  let ascii = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) < 128) ascii += 1;
  }
  return TOKENS_PER_MESSAGE + Math.ceil(ascii / 4) + (text.length - ascii);
}

/** What a model is asked with, message by message. */
export function estimatePrompt(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}

/** The most that one answer should cost, the reply at its cap. */
export function estimateMaxTokens(messages: readonly ChatMessage[], maxOutputTokens: number): number {
  return estimatePrompt(messages) + TOKENS_BEFORE_REPLY + maxOutputTokens;
}
