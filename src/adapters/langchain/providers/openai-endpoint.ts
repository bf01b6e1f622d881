import type { OpenAIClient } from '@langchain/openai';
import type { Dispatcher } from 'undici';
import type { ProviderConnection } from '../chat-model-factory.js';
import { chunksOf, wholeText } from '../transport/bounded-body.js';
import { jsonEvents } from '../transport/json-events.js';
import { assertNoErrorBody, errorFromResponse } from '../transport/provider-failure.js';
import { jsonHeaders } from '../transport/provider-fetch.js';
import { type ProviderTransport, toResponse } from '../transport/provider-transport.js';

/** What a plain answer may weigh; the longest reply that a model gives is far below. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A streamed answer wraps each token in some 300 bytes. */
const MAX_STREAM_BYTES = 32 * 1024 * 1024;

/**
 * `POST …/chat/completions` as OpenAI's reference describes it. OpenAI's own client would cost more than the rest of
 * the call, and takes headers, addresses and log levels from the environment.
 */
export class OpenAiEndpoint {
  readonly #transport: ProviderTransport;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ transport, apiKey }: Pick<ProviderConnection, 'transport' | 'apiKey'>, baseUrl: string) {
    this.#transport = transport;
    this.#url = new URL(`${baseUrl.replace(/\/$/, '')}/chat/completions`);
    this.#headers = jsonHeaders(apiKey);
  }

  /** @throws ProviderFailure; SyntaxError when the answer is no JSON. */
  async complete(request: object, signal: AbortSignal | null): Promise<OpenAIClient.ChatCompletion> {
    const body = await this.#post(request, signal);
    const answer: OpenAIClient.ChatCompletion = JSON.parse(await wholeText(body, MAX_ANSWER_BYTES));
    assertNoErrorBody(answer);
    return answer;
  }

  /** Resolves when the answer has begun; its events come as they arrive. @throws as `complete`. */
  async stream(
    request: object,
    signal: AbortSignal | null,
  ): Promise<AsyncIterable<OpenAIClient.ChatCompletionChunk>> {
    return completionEvents(await this.#post(request, signal));
  }

  async #post(request: object, signal: AbortSignal | null): Promise<Dispatcher.ResponseData['body']> {
    const answer = await this.#transport.exchange(this.#url, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify(request),
      signal,
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      throw await errorFromResponse(await toResponse(answer));
    }
    return answer.body;
  }
}

async function* completionEvents(
  body: Dispatcher.ResponseData['body'],
): AsyncGenerator<OpenAIClient.ChatCompletionChunk> {
  for await (const data of jsonEvents(chunksOf(body, MAX_STREAM_BYTES))) {
    const event: OpenAIClient.ChatCompletionChunk = JSON.parse(data);
    assertNoErrorBody(event);
    yield event;
  }
}
