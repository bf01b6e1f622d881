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
import type { ChatModelFactory, ChatModelSettings, ProviderConnection } from '../chat-model-factory.js';
import { MISTRAL_URL } from '../transport/provider-addresses.js';
import { KEY_PLACEHOLDER, providerFetch } from '../transport/provider-fetch.js';

/** Longer than any deadline of ours: the client's own is 30 s, and the call's signal is the one that counts. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** Zero means that nobody counted. */
const NO_USAGE = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };

/** Carries a call's signal from its options to its request, past ChatMistralAI, which would answer a signal with a stream. */
const CALL_SIGNAL = Symbol('signal of the call');

interface CarriesSignal {
  readonly [CALL_SIGNAL]?: AbortSignal | undefined;
}

/** The client clones its requests, and a clone's signal does not hold: so each call has a client with its own. */
type ClientOfCall = (signal: AbortSignal | null) => MistralCore;

type MistralCallOptions = ChatMistralAICallOptions & CarriesSignal;

/** ChatMistralAI that is cancelled by the signal of a call at any time, retries nothing and sends no parameter unasked. */
export class MistralChatModel extends ChatMistralAI<MistralCallOptions> {
  readonly #clientOf: ClientOfCall;
  readonly #temperature: number | null;

  constructor(settings: ChatModelSettings, clientOf: ClientOfCall) {
    super({
      model: settings.model,
      maxTokens: settings.maxOutputTokens,
      maxRetries: 0,
      apiKey: KEY_PLACEHOLDER,
    });
    this.#clientOf = clientOf;
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
    const client = this.#clientOf(signal);
    return streaming
      ? withUsageAtTheEnd(await settled(chatStream(client, { ...request, stream: true })))
      : settled(chatComplete(client, { ...request, stream: false }));
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
  readonly #clientOf: ClientOfCall;

  constructor({ baseUrl, transport, apiKey }: ProviderConnection) {
    delete env().MISTRAL_DEBUG;
    const options = {
      apiKey: KEY_PLACEHOLDER,
      serverURL: (baseUrl ?? MISTRAL_URL).replace(/\/v1\/?$/, ''),
      retryConfig: { strategy: 'none' },
      timeoutMs: NO_TIMEOUT_MS,
    } as const;
    this.#clientOf = (signal) =>
      new MistralCore({
        ...options,
        httpClient: new HTTPClient({ fetcher: providerFetch(transport, apiKey, signal) }),
      });
  }

  create(settings: ChatModelSettings): MistralChatModel {
    return new MistralChatModel(settings, this.#clientOf);
  }
}
