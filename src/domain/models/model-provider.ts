/** Who can answer a prompt. `openai-compatible` is any server that speaks OpenAI's chat completions. */
export const PROVIDERS = ['openai', 'mistral', 'openai-compatible', 'demo'] as const;

export type Provider = (typeof PROVIDERS)[number];

const BY_NAME: readonly (readonly [RegExp, Provider])[] = [
  [/^(gpt-|chatgpt-|o\d)/, 'openai'],
  [/^(mistral-|ministral-|magistral-|codestral-|pixtral-|open-mi)/, 'mistral'],
  [/^demo$/, 'demo'],
];

/** Derives the provider from a model's name, or null: then the operator has to name it. */
export function detectProvider(model: string): Provider | null {
  return BY_NAME.find(([name]) => name.test(model))?.[1] ?? null;
}
