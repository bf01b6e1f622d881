import { LRUCache } from 'lru-cache';
import type { Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { ChatMessage } from '#src/domain/conversations/chat-message.js';
import { failureOf } from './transport/provider-failure.js';

const MAX_MODELS = 1000;
const MAX_GREETINGS = 1000;

/** A model that is served anew, with another template, is shown the greeting as its first words again. */
const FOLDED_FOR_MS = 3_600_000;

/** A greeting that was refused in both places is not what was wrong. */
const ONCE_FOR_MS = 60_000;

/** So often the one has to be refused and the other answered, where the rejection does not say why. */
const UNCLEAR_REJECTIONS = 2;

/**
 * Where a model is shown the greeting: as the assistant's first words; at the end of the instructions, for an hour, for
 * models whose chat template demands that the user speaks first. That is known once they have said so, or have twice in a
 * row refused the one without a reason and answered the other.
 */
export class GreetingPlacement {
  readonly #nowMs: () => number;
  /** By model: until when it is shown the greeting in the instructions. */
  readonly #foldedUntil = new LRUCache<string, number>({ max: MAX_MODELS });
  /** By model: rejections without a reason since it last took the greeting as its first words. */
  readonly #unclear = new LRUCache<string, number>({ max: MAX_MODELS });
  /** By model and greeting: until when it is sent in one place alone. */
  readonly #onceUntil = new LRUCache<string, number>({ max: MAX_GREETINGS });

  /** @param nowMs of a clock that never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Asks once, and a second time when the greeting may be what was refused.
   * @param mayRepeat whether nothing of an answer has come, and somebody still waits for it.
   */
  async ask<T>(prompt: Prompt, mayRepeat: () => boolean, call: (shown: Prompt) => Promise<T>): Promise<T> {
    const { model } = prompt;
    const greeted = foldGreeting(prompt);
    if (greeted === null) return call(prompt);
    const { folded, greeting } = greeted;
    if (this.#isBefore(this.#foldedUntil.get(model))) return call(folded);
    const rejection = await this.#askAsFirstWords(prompt, call);
    if ('answer' in rejection) return rejection.answer;
    const isClear = failureOf(rejection.error).code === 'roles_refused';
    const once = `${model}\n${greeting}`;
    if (!mayRepeat() || !(isClear || mayBeAboutRoles(rejection.error))) throw rejection.error;
    if (!isClear && this.#isBefore(this.#onceUntil.get(once))) throw rejection.error;
    try {
      const answer = await call(folded);
      this.#noteMoved(model, isClear);
      return answer;
    } catch (error) {
      if (!isClear && mayBeAboutRoles(error)) this.#onceUntil.set(once, this.#nowMs() + ONCE_FOR_MS);
      throw error;
    }
  }

  async #askAsFirstWords<T>(
    prompt: Prompt,
    call: (shown: Prompt) => Promise<T>,
  ): Promise<{ answer: T } | { error: unknown }> {
    try {
      const answer = await call(prompt);
      this.#unclear.delete(prompt.model);
      return { answer };
    } catch (error) {
      return { error };
    }
  }

  #noteMoved(model: string, isClear: boolean): void {
    const rejections = (this.#unclear.get(model) ?? 0) + 1;
    if (isClear || rejections >= UNCLEAR_REJECTIONS) {
      this.#foldedUntil.set(model, this.#nowMs() + FOLDED_FOR_MS);
      this.#unclear.delete(model);
    } else this.#unclear.set(model, rejections);
  }

  #isBefore(untilMs: number | undefined): boolean {
    return untilMs !== undefined && this.#nowMs() < untilMs;
  }
}

/** The prompt with what the assistant says before the user as a part of the instructions; null: the user speaks first. */
function foldGreeting(prompt: Prompt): { folded: Prompt; greeting: string } | null {
  const { messages } = prompt;
  const begin = messages.findIndex(({ role }) => role !== 'system');
  const end = messages.findIndex(({ role }, index) => index > begin && role !== 'assistant');
  if (messages[begin]?.role !== 'assistant' || end === -1) return null;
  const greeting = messages
    .slice(begin, end)
    .map(({ content }) => content)
    .join('\n');
  const instructions = messages.slice(Math.max(0, begin - 1), begin).map(({ content }) => `${content}\n\n`);
  const content = `${instructions.join('')}You began this conversation with these words:\n${greeting}`;
  const before = messages.slice(0, Math.max(0, begin - 1));
  const shown: ChatMessage[] = [...before, { role: 'system', content }, ...messages.slice(end)];
  return { folded: { ...prompt, messages: shown }, greeting };
}

/** Templates raise it in words of their own, and most servers answer 400 or 422; llama.cpp 500. */
function mayBeAboutRoles(error: unknown): boolean {
  const { status, code } = failureOf(error);
  return code === 'roles_refused' || (code === undefined && (status === 400 || status === 422));
}
