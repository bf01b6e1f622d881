import { ChatOpenAICompletions } from '@langchain/openai';
import type { ChatModelFactory, ChatModelSettings, ProviderConnection } from './chat-model-factory.js';
import { KEY_PLACEHOLDER, providerFetch } from './provider-fetch.js';
import { textOf } from './read-completion.js';

/** Longer than any deadline of ours: the client's own is ten minutes, and the call's signal is the one that counts. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const OPENAI_BASE_URL = 'https://api.openai.com/v1';

/** Some servers stream a text in parts, which ChatOpenAICompletions drops with a line on stdout. */
class OpenAiChatModel extends ChatOpenAICompletions {
  override _convertCompletionsDeltaToBaseMessageChunk(
    ...args: Parameters<ChatOpenAICompletions['_convertCompletionsDeltaToBaseMessageChunk']>
  ) {
    const chunk = super._convertCompletionsDeltaToBaseMessageChunk(...args);
    chunk.content = textOf(chunk);
    return chunk;
  }
}

/** OpenAI and whatever speaks its chat completions; the Responses API is never used. */
export class OpenAiChatModelFactory implements ChatModelFactory {
  readonly #baseUrl: string;
  readonly #fetch: typeof fetch;

  constructor(connection: ProviderConnection) {
    this.#baseUrl = connection.baseUrl ?? OPENAI_BASE_URL;
    this.#fetch = providerFetch(connection.transport, connection.apiKey);
  }

  /** What the library would otherwise look up in the environment is given, if only as null. */
  create({ model, temperature, maxOutputTokens }: ChatModelSettings): ChatOpenAICompletions {
    return new OpenAiChatModel({
      model,
      ...(temperature === null ? {} : { temperature }),
      maxTokens: maxOutputTokens,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
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
