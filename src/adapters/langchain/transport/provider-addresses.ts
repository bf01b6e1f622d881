/** Where providers answer when the operator names no address. */
export const OPENAI_BASE_URL = 'https://api.openai.com/v1';
export const MISTRAL_URL = 'https://api.mistral.ai';
