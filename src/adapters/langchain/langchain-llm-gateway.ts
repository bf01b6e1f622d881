import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { LRUCache } from 'lru-cache';
import type { LlmGateway, Prompt } from '#src/application/ports/llm-gateway.js';
import type { Completion } from '#src/domain/turn.js';
import type { ChatModelFactory, ProviderConnection } from './chat-model-factory.js';
import { loadChatModelFactory } from './load-chat-model-factory.js';
import { readCompletion } from './read-completion.js';
import { withinDeadline } from './within-deadline.js';

export interface LangChainLlmGatewayOptions extends ProviderConnection {
  /** For one whole call, default 60,000. */
  readonly totalMs?: number;
}

interface LangChain {
  readonly models: ChatModelFactory;
  readonly toMessages: typeof import('./prompt-messages.js').toMessages;
}

const MOST_KEPT_MODELS = 100;
const DEFAULT_TOTAL_MS = 60_000;

/** One provider's models through LangChain, which is loaded by the first call or {@link warmUp}. */
export class LangChainLlmGateway implements LlmGateway {
  readonly #connection: ProviderConnection;
  readonly #totalMs: number;
  readonly #models = new LRUCache<string, BaseChatModel>({ max: MOST_KEPT_MODELS });
  #loading: Promise<LangChain> | null = null;

  constructor({ totalMs = DEFAULT_TOTAL_MS, ...connection }: LangChainLlmGatewayOptions) {
    this.#connection = connection;
    this.#totalMs = totalMs;
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
  generate(prompt: Prompt, signal: AbortSignal): Promise<Completion> {
    return withinDeadline(this.#totalMs, signal, async (callSignal) => {
      const { models, toMessages } = await this.#load();
      const result = await this.#modelFor(models, prompt)._generate(toMessages(prompt), {
        signal: callSignal,
      });
      return readCompletion(result, prompt);
    });
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
