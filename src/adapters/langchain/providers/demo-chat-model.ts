import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage, type UsageMetadata } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { sleep } from '#src/application/async/sleep.js';
import type { FinishReason } from '#src/domain/conversations/turn.js';
import { estimateTokens } from '#src/domain/models/token-estimate.js';
import type { ChatModelFactory, ChatModelSettings } from '../chat-model-factory.js';

const MAX_QUOTED_CHARACTERS = 80;
/** So that whoever builds a page sees it fill, as with a model that thinks. */
const WORDS_AT_A_TIME = 3;
const PAUSE_MS = 40;

/** Between two pieces of a stream. Rejects with the signal's reason as soon as that aborts. */
export type StreamPause = (signal: AbortSignal | undefined) => Promise<void>;

/** Answers offline and always alike, and shows that the conversation is remembered. */
export class DemoChatModel extends BaseChatModel {
  readonly #maxOutputTokens: number;
  readonly #pause: StreamPause;

  constructor(maxOutputTokens: number, pause: StreamPause = shortPause) {
    super({});
    this.#maxOutputTokens = maxOutputTokens;
    this.#pause = pause;
  }

  override _llmType(): string {
    return 'fastwrap_demo';
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    options.signal?.throwIfAborted();
    const { words, finishReason } = this.#answer(messages);
    const text = words.join('');
    const message = new AIMessage({ content: text, usage_metadata: usageOf(messages, text) });
    return { generations: [{ text, message, generationInfo: { finish_reason: finishReason } }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { words, finishReason } = this.#answer(messages);
    for (let from = 0; from < words.length; from += WORDS_AT_A_TIME) {
      options.signal?.throwIfAborted();
      if (from > 0) await this.#pause(options.signal);
      const text = words.slice(from, from + WORDS_AT_A_TIME).join('');
      const message = new AIMessageChunk({ content: text });
      yield new ChatGenerationChunk({ text, message });
      await runManager?.handleLLMNewToken(text);
    }
    const message = new AIMessageChunk({
      content: '',
      usage_metadata: usageOf(messages, words.join('')),
    });
    yield new ChatGenerationChunk({ text: '', message, generationInfo: { finish_reason: finishReason } });
  }

  #answer(messages: readonly BaseMessage[]): { words: string[]; finishReason: FinishReason } {
    const words = sentences(messages).match(/\s*\S+/g) ?? [];
    let kept = '';
    let count = 0;
    for (const word of words) {
      kept += word;
      if (count > 0 && estimateTokens(kept) > this.#maxOutputTokens) break;
      count += 1;
    }
    return { words: words.slice(0, count), finishReason: count < words.length ? 'length' : 'stop' };
  }
}

function shortPause(signal: AbortSignal | undefined): Promise<void> {
  return sleep(PAUSE_MS, signal);
}

export class DemoChatModelFactory implements ChatModelFactory {
  create({ maxOutputTokens }: ChatModelSettings): DemoChatModel {
    return new DemoChatModel(maxOutputTokens);
  }
}

function sentences(messages: readonly BaseMessage[]): string {
  const asked = messages.filter((message) => message.getType() === 'human').map((message) => message.text);
  const turn = asked.length;
  const memory =
    turn < 2
      ? `This is turn 1, and you said "${quote(asked[0] ?? '')}".`
      : `This is turn ${turn}, and the first thing you said was "${quote(asked[0] ?? '')}".`;
  return `Hello from FastWrap's demo model, which works offline and only remembers. ${memory} For real answers set MODEL and MODEL_KEY.`;
}

function quote(text: string): string {
  const characters = [...text];
  if (characters.length <= MAX_QUOTED_CHARACTERS) return text;
  return `${characters.slice(0, MAX_QUOTED_CHARACTERS).join('')}…`;
}

function usageOf(messages: readonly BaseMessage[], reply: string): UsageMetadata {
  const input = messages.reduce((sum, message) => sum + estimateTokens(message.text), 0);
  const output = estimateTokens(reply);
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}
