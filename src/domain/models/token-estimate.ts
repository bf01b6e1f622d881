/** What chat formats add around each message (OpenAI cookbook, "How to count tokens"). */
const TOKENS_PER_MESSAGE = 4;

/** What they add at the end, where the reply begins (ibid.). */
const TOKENS_BEFORE_REPLY = 3;

/** The texts that a model is asked with. */
interface PromptTexts {
  readonly instructions: string;
  /** Null: none is shown. */
  readonly greeting: string | null;
  readonly history: readonly { readonly tokens: number }[];
  readonly message: string;
}

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
export function estimatePrompt({ instructions, greeting, history, message }: PromptTexts): number {
  return history.reduce(
    (sum, exchange) => sum + exchange.tokens,
    estimateTokens(instructions) +
      (greeting === null ? 0 : estimateTokens(greeting)) +
      estimateTokens(message),
  );
}

/** The most that one answer should cost, the reply at its cap. */
export function estimateMaxTokens(prompt: PromptTexts & { readonly maxOutputTokens: number }): number {
  return estimatePrompt(prompt) + TOKENS_BEFORE_REPLY + prompt.maxOutputTokens;
}
