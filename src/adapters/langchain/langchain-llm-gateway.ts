import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { LRUCache } from 'lru-cache';
import type {
  LlmGateway,
  Prompt,
  TextListener,
  WasteListener,
} from '#src/application/ports/chat/llm-gateway.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { CallWaste } from './call-waste.js';
import type { ChatModelFactory, ProviderConnection } from './chat-model-factory.js';
import { GreetingPlacement } from './greeting-placement.js';
import { loadChatModelFactory } from './load-chat-model-factory.js';
import type { ModelSettings } from './model-settings.js';
import { StreamedAnswer } from './streamed-answer.js';
import { readCompletion, toCompletion } from './transport/read-completion.js';
import { type Patience, withinDeadline } from './within-deadline.js';

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
    /** Told what becomes of each call. */
    readonly settings?: ModelSettings;
  };

interface LangChain {
  readonly models: ChatModelFactory;
  readonly toMessages: typeof import('./prompt-messages.js').toMessages;
}

const MOST_KEPT_MODELS = 100;

/** One provider's models through LangChain, which is loaded by the first call or {@link warmUp}. */
export class LangChainLlmGateway implements LlmGateway {
  readonly #connection: ProviderConnection;
  readonly #deadlines: CallDeadlines;
  readonly #settings: ModelSettings | undefined;
  readonly #models = new LRUCache<string, BaseChatModel>({ max: MOST_KEPT_MODELS });
  readonly #greetings = new GreetingPlacement();
  #loading: Promise<LangChain> | null = null;

  constructor(options: LangChainLlmGatewayOptions) {
    this.#connection = options;
    this.#deadlines = options;
    this.#settings = options.settings;
  }

  /** Loads the provider's libraries, so that the first turn does not wait for them. */
  async warmUp(): Promise<void> {
    await this.#load();
  }

  /**
   * Asks the model for one whole answer. `_generate` and not `invoke`, which looks into the environment at every call
   * and, told so there, prints prompts (LANGCHAIN_VERBOSE) or sends them away (LANGSMITH_TRACING and its aliases);
   * no option of a call forbids that.
   */
  generate(prompt: Prompt, signal: AbortSignal, onWaste?: WasteListener): Promise<Completion> {
    const waste = new CallWaste(prompt, onWaste);
    const call = async (callSignal: AbortSignal) => {
      const { models, toMessages } = await this.#load();
      callSignal.throwIfAborted();
      waste.ask();
      const model = this.#modelFor(models, prompt);
      const result = await this.#greetings.ask(
        prompt,
        () => !callSignal.aborted,
        (shown) => model._generate(toMessages(shown), { signal: callSignal }),
      );
      return readCompletion(result, prompt, waste.tell);
    };
    return this.#report(prompt, withinDeadline(this.#deadlines.totalMs, signal, call, waste.cut));
  }

  /** By `_streamResponseChunks`, for the same reason. */
  stream(
    prompt: Prompt,
    signal: AbortSignal,
    onText: TextListener,
    onWaste?: WasteListener,
  ): Promise<Completion> {
    const { totalMs, firstTokenMs, chunkMs } = this.#deadlines;
    const waste = new CallWaste(prompt, onWaste);
    const call = async (callSignal: AbortSignal, patience: Patience) => {
      const { models, toMessages } = await this.#load();
      callSignal.throwIfAborted();
      let answer = new StreamedAnswer();
      let isSilent = true;
      const pass = async (text: string) => {
        // A client may still hand over what it had when the call was given up.
        callSignal.throwIfAborted();
        if (text === '') return;
        patience.suspend();
        isSilent = false;
        waste.hear();
        await onText(text);
        patience.allow(chunkMs);
      };
      patience.allow(firstTokenMs);
      const model = this.#modelFor(models, prompt);
      waste.ask();
      const listen = async (shown: Prompt) => {
        answer = new StreamedAnswer();
        for await (const chunk of model._streamResponseChunks(toMessages(shown), { signal: callSignal })) {
          await pass(answer.add(chunk));
        }
      };
      await this.#greetings.ask(prompt, () => isSilent && !callSignal.aborted, listen);
      await pass(answer.end());
      return toCompletion(answer.answer, prompt, waste.tell);
    };
    return this.#report(prompt, withinDeadline(totalMs, signal, call, waste.cut));
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

  #modelFor(models: ChatModelFactory, { model, temperature, maxOutputTokens }: Prompt): BaseChatModel {
    const key = JSON.stringify([model, temperature, maxOutputTokens]);
    const kept = this.#models.get(key);
    if (kept !== undefined) return kept;
    const made = models.create({ model, temperature, maxOutputTokens });
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
