import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { LRUCache } from 'lru-cache';
import type {
  AttemptListener,
  LlmGateway,
  Prompt,
  TextListener,
} from '#src/application/ports/chat/llm-gateway.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import type { ChatModelFactory, ProviderConnection } from './chat-model-factory.js';
import { GreetingPlacement } from './greeting-placement.js';
import { loadChatModelFactory } from './load-chat-model-factory.js';
import type { ModelSettings } from './model-settings.js';
import { ProviderAttempt } from './provider-attempt.js';
import { StreamedAnswer } from './streamed-answer.js';
import { readCompletion, toCompletion } from './transport/read-completion.js';
import { type IdleTimeout, withinDeadline } from './within-deadline.js';

/** In milliseconds. */
export interface CallDeadlines {
  /** Until the first text of a streamed call; what a model thinks before it counts. */
  readonly firstTokenMs: number;
  /** Between two pieces of a streamed call, not counting the time that its reader takes. */
  readonly chunkMs: number;
  /** For one call, streamed or not. */
  readonly totalMs: number;
}

export type LangChainLlmGatewayOptions = ProviderConnection &
  CallDeadlines & {
    /** Receives what becomes of each call. */
    readonly settings?: ModelSettings;
    readonly clock: Clock;
  };

interface LangChain {
  readonly models: ChatModelFactory;
  readonly toMessages: typeof import('./prompt-messages.js').toMessages;
}

const MAX_KEPT_MODELS = 100;

/** One provider's models through LangChain, which is loaded by the first call or {@link warmUp}. */
export class LangChainLlmGateway implements LlmGateway {
  readonly #connection: ProviderConnection;
  readonly #deadlines: CallDeadlines;
  readonly #settings: ModelSettings | undefined;
  readonly #clock: Clock;
  readonly #models = new LRUCache<string, BaseChatModel>({ max: MAX_KEPT_MODELS });
  readonly #greetings = new GreetingPlacement();
  #loading: Promise<LangChain> | null = null;

  constructor(options: LangChainLlmGatewayOptions) {
    this.#connection = options;
    this.#deadlines = options;
    this.#settings = options.settings;
    this.#clock = options.clock;
  }

  /** Loads the provider's libraries, so that the first turn does not wait for them. */
  async warmUp(): Promise<void> {
    await this.#load();
  }

  /**
   * Asks the model for one whole answer. `_generate` and not `invoke`, which looks into the environment at every call
   * and, where those are set, prints prompts (LANGCHAIN_VERBOSE) or sends them away (LANGSMITH_TRACING and its aliases);
   * no option of a call forbids that.
   */
  generate(prompt: Prompt, signal: AbortSignal, onAttempt?: AttemptListener): Promise<Completion> {
    const attempt = new ProviderAttempt(prompt, this.#clock);
    const call = async (callSignal: AbortSignal) => {
      const { models, toMessages } = await this.#load();
      callSignal.throwIfAborted();
      attempt.ask();
      const model = this.#modelFor(models, prompt);
      const result = await this.#greetings.ask(
        prompt,
        () => !callSignal.aborted,
        (shown) => model._generate(toMessages(shown.messages), { signal: callSignal }),
      );
      return readCompletion(result, prompt, attempt.count);
    };
    const within = withinDeadline(this.#deadlines.totalMs, signal, call, attempt.cut);
    return this.#report(prompt, attempt.end(within, signal, onAttempt));
  }

  /** By `_streamResponseChunks`, for the same reason. */
  stream(
    prompt: Prompt,
    signal: AbortSignal,
    onDelta: TextListener,
    onAttempt?: AttemptListener,
  ): Promise<Completion> {
    const { totalMs, firstTokenMs, chunkMs } = this.#deadlines;
    const attempt = new ProviderAttempt(prompt, this.#clock);
    const call = async (callSignal: AbortSignal, idleTimeout: IdleTimeout) => {
      const { models, toMessages } = await this.#load();
      callSignal.throwIfAborted();
      let answer = new StreamedAnswer();
      let isSilent = true;
      const pass = async (text: string) => {
        // A client may still hand over what it had when the call was given up.
        callSignal.throwIfAborted();
        if (text === '') return;
        idleTimeout.suspend();
        isSilent = false;
        attempt.addChunk();
        await onDelta(text);
        idleTimeout.allow(chunkMs);
      };
      idleTimeout.allow(firstTokenMs);
      const model = this.#modelFor(models, prompt);
      attempt.ask();
      const listen = async (shown: Prompt) => {
        answer = new StreamedAnswer();
        for await (const chunk of model._streamResponseChunks(toMessages(shown.messages), {
          signal: callSignal,
        })) {
          await pass(answer.add(chunk));
        }
      };
      await this.#greetings.ask(prompt, () => isSilent && !callSignal.aborted, listen);
      await pass(answer.end());
      return toCompletion(answer.answer, prompt, attempt.count);
    };
    const within = withinDeadline(totalMs, signal, call, attempt.cut);
    return this.#report(prompt, attempt.end(within, signal, onAttempt));
  }

  async #report({ model }: Prompt, call: Promise<Completion>): Promise<Completion> {
    try {
      const completion = await call;
      this.#settings?.answered(model);
      return completion;
    } catch (error) {
      this.#settings?.failed(model, error);
      throw error;
    }
  }

  #modelFor(models: ChatModelFactory, { model, sampling }: Prompt): BaseChatModel {
    const key = JSON.stringify([model, sampling.temperature, sampling.maxOutputTokens]);
    const kept = this.#models.get(key);
    if (kept !== undefined) return kept;
    const made = models.create({ model, ...sampling });
    this.#models.set(key, made);
    return made;
  }

  #load(): Promise<LangChain> {
    this.#loading ??= Promise.all([
      loadChatModelFactory(this.#connection),
      import('./prompt-messages.js'),
    ]).then(([models, { toMessages }]) => ({ models, toMessages }));
    return this.#loading;
  }
}
