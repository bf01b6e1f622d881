/** What chat formats add around each message (OpenAI cookbook, "How to count tokens"). */
const TOKENS_PER_MESSAGE = 4;

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
