import { ChatOpenAICompletions } from '@langchain/openai';
import type { ChatModelFactory, ChatModelSettings, ProviderConnection } from './chat-model-factory.js';
import { KEY_PLACEHOLDER, providerFetch } from './provider-fetch.js';

const OPENAI_BASE_URL = 'https://api.openai.com/v1';

/** OpenAI and whatever speaks its chat completions; the Responses API is never used. */
export class OpenAiChatModelFactory implements ChatModelFactory {
  readonly #baseUrl: string;
  readonly #fetch: typeof fetch;

  constructor(connection: ProviderConnection) {
    this.#baseUrl = connection.baseUrl ?? OPENAI_BASE_URL;
    this.#fetch = providerFetch(connection.apiKey);
  }

  /** What the library would otherwise look up in the environment is given, if only as null. */
  create({ model, temperature, maxOutputTokens }: ChatModelSettings): ChatOpenAICompletions {
    return new ChatOpenAICompletions({
      model,
      ...(temperature === null ? {} : { temperature }),
      maxTokens: maxOutputTokens,
      maxRetries: 0,
      apiKey: KEY_PLACEHOLDER,
      configuration: {
        baseURL: this.#baseUrl,
        organization: null,
        project: null,
        adminAPIKey: null,
        logLevel: 'off',
        fetch: this.#fetch,
      },
    });
  }
}
