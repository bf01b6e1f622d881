import type { Exchange, Greeting } from '#src/domain/conversations/conversation.js';

/** @param fence rises from turn to turn: the order in which they were admitted, for whoever examines the store. */
export function writeExchange(exchange: Exchange, fence: string): string {
  return JSON.stringify({ ...exchange, fence });
}

/** @throws Error when it is not what `writeExchange` wrote. */
export function readExchange(json: string): Exchange {
  const { turnId, user, assistant, userAt, assistantAt, tokens }: Partial<Exchange> = JSON.parse(json);
  return Object.freeze({
    turnId: text(turnId),
    user: text(user),
    assistant: text(assistant),
    userAt: text(userAt),
    assistantAt: text(assistantAt),
    tokens: whole(tokens),
  });
}

/** A conversation without one, also of the version before greetings were kept, has an empty text. */
export function writeGreeting(greeting: Greeting | null): string {
  return greeting === null ? '' : JSON.stringify(greeting);
}

/** @throws Error when it is not what `writeGreeting` wrote. */
export function readGreeting(json: string): Greeting | null {
  if (json === '') return null;
  const greeting: Partial<Greeting> = JSON.parse(json);
  return Object.freeze({ text: text(greeting.text), at: text(greeting.at) });
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('Redis holds something unexpected: no text');
  return value;
}

/** Scripts return numbers as texts. */
export function whole(value: unknown): number {
  const number = Number(value);
  if (value === null || !Number.isSafeInteger(number)) {
    throw new Error('Redis holds something unexpected: no number');
  }
  return number;
}

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('Redis holds something unexpected: no list');
  return value;
}
