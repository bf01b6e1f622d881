import type { BaseMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import { ChatMistralAI, type ChatMistralAICallOptions } from '@langchain/mistralai';
import { HTTPClient } from '@mistralai/mistralai';
import { MistralCore } from '@mistralai/mistralai/core.js';
import { chatComplete } from '@mistralai/mistralai/funcs/chatComplete.js';
import { chatStream } from '@mistralai/mistralai/funcs/chatStream.js';
import { env } from '@mistralai/mistralai/lib/env.js';
import type {
  ChatCompletionRequest,
  ChatCompletionResponse,
  ChatCompletionStreamRequest,
  CompletionEvent,
} from '@mistralai/mistralai/models/components';
import type { APIPromise } from '@mistralai/mistralai/types/async.js';
import type { Result } from '@mistralai/mistralai/types/fp.js';
import type { ChatModelFactory, ChatModelSettings, ProviderConnection } from './chat-model-factory.js';
import { KEY_PLACEHOLDER, providerFetch } from './provider-fetch.js';

const MISTRAL_URL = 'https://api.mistral.ai';

/** Longer than any deadline of ours: the client's own is 30 s, and the call's signal is the one that counts. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** Zero means that nobody counted. */
const NO_USAGE = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };

/** Carries a call's signal from its options to its request, past ChatMistralAI, which would answer a signal with a stream. */
const CALL_SIGNAL = Symbol('signal of the call');

interface CarriesSignal {
  readonly [CALL_SIGNAL]?: AbortSignal | undefined;
}

type MistralCallOptions = ChatMistralAICallOptions & CarriesSignal;

/** ChatMistralAI that is cancelled by the signal of a call at any time, retries nothing and sends no parameter unasked. */
export class MistralChatModel extends ChatMistralAI<MistralCallOptions> {
  readonly #client: MistralCore;
  readonly #temperature: number | null;

  constructor(settings: ChatModelSettings, client: MistralCore) {
    super({
      model: settings.model,
      maxTokens: settings.maxOutputTokens,
      maxRetries: 0,
      apiKey: KEY_PLACEHOLDER,
    });
    this.#client = client;
    this.#temperature = settings.temperature;
  }

  override invocationParams(options?: this['ParsedCallOptions']) {
    const { temperature, topP, safePrompt, ...asked } = super.invocationParams(options);
    return {
      ...asked,
      ...(this.#temperature === null ? {} : { temperature: this.#temperature }),
      [CALL_SIGNAL]: options?.[CALL_SIGNAL] ?? options?.signal,
    };
  }

  override _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    const { signal, ...rest } = options;
    return super._generate(messages, { ...rest, [CALL_SIGNAL]: signal });
  }

  override completionWithRetry(
    input: ChatCompletionStreamRequest & CarriesSignal,
    streaming: true,
  ): Promise<AsyncIterable<CompletionEvent>>;
  override completionWithRetry(
    input: ChatCompletionRequest & CarriesSignal,
    streaming: false,
  ): Promise<ChatCompletionResponse>;
  override async completionWithRetry(
    input: (ChatCompletionRequest | ChatCompletionStreamRequest) & CarriesSignal,
    streaming: boolean,
  ): Promise<AsyncIterable<CompletionEvent> | ChatCompletionResponse> {
    const { [CALL_SIGNAL]: signal = null, ...request } = input;
    const options = { fetchOptions: { signal } };
    return streaming
      ? withUsageAtTheEnd(await settled(chatStream(this.#client, { ...request, stream: true }, options)))
      : settled(chatComplete(this.#client, { ...request, stream: false }, options));
  }
}

/** An APIPromise holds a second promise, whose rejection by broken JSON would end the process: somebody has to look at it. */
async function settled<T>(call: APIPromise<Result<T>>): Promise<T> {
  call.catch(() => {});
  const result = await call;
  if (!result.ok) throw result.error;
  return result.value;
}

/** ChatMistralAI drops a last chunk without text and usage, and with it the reason why the answer ended. */
async function* withUsageAtTheEnd(events: AsyncIterable<CompletionEvent>): AsyncIterable<CompletionEvent> {
  for await (const event of events) {
    const isLast = event.data.choices.some(({ finishReason }) => finishReason !== null);
    yield isLast && event.data.usage === undefined
      ? { ...event, data: { ...event.data, usage: NO_USAGE } }
      : event;
  }
}

export class MistralChatModelFactory implements ChatModelFactory {
  readonly #client: MistralCore;

  constructor(connection: ProviderConnection) {
    delete env().MISTRAL_DEBUG;
    this.#client = new MistralCore({
      apiKey: KEY_PLACEHOLDER,
      serverURL: (connection.baseUrl ?? MISTRAL_URL).replace(/\/v1\/?$/, ''),
      httpClient: new HTTPClient({ fetcher: providerFetch(connection.transport, connection.apiKey) }),
      retryConfig: { strategy: 'none' },
      timeoutMs: NO_TIMEOUT_MS,
    });
  }

  create(settings: ChatModelSettings): MistralChatModel {
    return new MistralChatModel(settings, this.#client);
  }
}
