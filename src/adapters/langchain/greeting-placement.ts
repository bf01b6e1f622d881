import { LRUCache } from 'lru-cache';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import { failureOf } from './transport/provider-failure.js';

const MAX_MODELS = 1000;

/**
 * Where a model is shown the greeting: as the assistant's first words; at the end of the instructions for models whose
 * chat template demands that the user speaks first, which is known once they have refused the one and answered the other.
 */
export class GreetingPlacement {
  readonly #userFirst = new LRUCache<string, true>({ max: MAX_MODELS });

  /**
   * Asks once, and a second time when the greeting may be what was refused.
   * @param mayRepeat whether nothing of an answer has come, and somebody still waits for it.
   */
  async ask<T>(prompt: Prompt, mayRepeat: () => boolean, call: (shown: Prompt) => Promise<T>): Promise<T> {
    const folded = foldGreeting(prompt);
    if (folded === null) return call(prompt);
    if (this.#userFirst.has(prompt.model)) return call(folded);
    try {
      return await call(prompt);
    } catch (error) {
      if (!mayRepeat() || !mayBeAboutRoles(error)) throw error;
    }
    const answer = await call(folded);
    this.#userFirst.set(prompt.model, true);
    return answer;
  }
}

/** The prompt with what the assistant says before the user as a part of the instructions; null: the user speaks first. */
function foldGreeting(prompt: Prompt): Prompt | null {
  const { messages } = prompt;
  const begin = messages.findIndex(({ role }) => role !== 'system');
  const end = messages.findIndex(({ role }, index) => index > begin && role !== 'assistant');
  if (messages[begin]?.role !== 'assistant' || end === -1) return null;
  const words = messages.slice(begin, end).map(({ content }) => content);
  const instructions = messages.slice(Math.max(0, begin - 1), begin).map(({ content }) => `${content}\n\n`);
  const content = `${instructions.join('')}You began this conversation with these words:\n${words.join('\n')}`;
  const before = messages.slice(0, Math.max(0, begin - 1));
  return { ...prompt, messages: [...before, { role: 'system', content }, ...messages.slice(end)] };
}

/** Templates raise it in words of their own, and most servers answer 400 or 422; llama.cpp 500. */
function mayBeAboutRoles(error: unknown): boolean {
  const { status, code } = failureOf(error);
  return code === 'roles_refused' || (code === undefined && (status === 400 || status === 422));
}
