import { ChatOpenAICompletions, type OpenAIClient } from '@langchain/openai';
import type { ChatModelFactory, ChatModelSettings, ProviderConnection } from '../chat-model-factory.js';
import { OPENAI_BASE_URL } from '../transport/provider-addresses.js';
import { KEY_PLACEHOLDER } from '../transport/provider-fetch.js';
import { textOf } from '../transport/read-completion.js';
import { OpenAiEndpoint } from './openai-endpoint.js';

type PlainRequest = OpenAIClient.Chat.ChatCompletionCreateParamsNonStreaming;
type StreamedRequest = OpenAIClient.Chat.ChatCompletionCreateParamsStreaming;

/** LangChain's model on our own endpoint; the client that it would otherwise make for itself is never made. */
class OpenAiChatModel extends ChatOpenAICompletions {
  readonly #endpoint: OpenAiEndpoint;

  constructor({ model, temperature, maxOutputTokens }: ChatModelSettings, endpoint: OpenAiEndpoint) {
    super({
      model,
      ...(temperature === null ? {} : { temperature }),
      maxTokens: maxOutputTokens,
      maxRetries: 0,
      apiKey: KEY_PLACEHOLDER,
    });
    this.#endpoint = endpoint;
  }

  /** Some servers stream a text in parts, which ChatOpenAICompletions drops with a line on stdout. */
  override _convertCompletionsDeltaToBaseMessageChunk(
    ...args: Parameters<ChatOpenAICompletions['_convertCompletionsDeltaToBaseMessageChunk']>
  ) {
    const chunk = super._convertCompletionsDeltaToBaseMessageChunk(...args);
    chunk.content = textOf(chunk);
    return chunk;
  }

  override completionWithRetry(
    request: StreamedRequest,
    options?: OpenAIClient.RequestOptions,
  ): Promise<AsyncIterable<OpenAIClient.Chat.Completions.ChatCompletionChunk>>;
  override completionWithRetry(
    request: PlainRequest,
    options?: OpenAIClient.RequestOptions,
  ): Promise<OpenAIClient.Chat.Completions.ChatCompletion>;
  override completionWithRetry(
    request: StreamedRequest | PlainRequest,
    { signal = null }: OpenAIClient.RequestOptions = {},
  ): Promise<
    | AsyncIterable<OpenAIClient.Chat.Completions.ChatCompletionChunk>
    | OpenAIClient.Chat.Completions.ChatCompletion
  > {
    return request.stream === true
      ? this.#endpoint.stream(request, signal)
      : this.#endpoint.complete(request, signal);
  }
}

/** OpenAI and whatever speaks its chat completions; the Responses API is never used. */
export class OpenAiChatModelFactory implements ChatModelFactory {
  readonly #endpoint: OpenAiEndpoint;

  constructor(connection: ProviderConnection) {
    this.#endpoint = new OpenAiEndpoint(connection, connection.baseUrl ?? OPENAI_BASE_URL);
  }

  create(settings: ChatModelSettings): ChatOpenAICompletions {
    return new OpenAiChatModel(settings, this.#endpoint);
  }
}
