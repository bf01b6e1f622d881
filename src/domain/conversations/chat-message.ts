/** One text that a model is shown, byte for byte. `system`: what it is instructed to be. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a turn shows a model. */
export interface TurnTexts {
  readonly instructions: string;
  /** The assistant's first words, before the first message of the user; null: none. */
  readonly greeting: string | null;
  /** Exchanges, oldest first. */
  readonly history: readonly { readonly user: string; readonly assistant: string }[];
  /** The user's new one. */
  readonly message: string;
}

/** The messages of a prompt: one of the system, the greeting, two for each exchange, the new one. */
export function toChatMessages({ instructions, greeting, history, message }: TurnTexts): ChatMessage[] {
  const messages: ChatMessage[] = [{ role: 'system', content: instructions }];
  if (greeting !== null) messages.push({ role: 'assistant', content: greeting });
  for (const { user, assistant } of history) {
    messages.push({ role: 'user', content: user }, { role: 'assistant', content: assistant });
  }
  messages.push({ role: 'user', content: message });
  return messages;
}
