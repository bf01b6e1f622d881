import type { ChatGenerationChunk } from '@langchain/core/outputs';
import type { Usage } from '#src/domain/conversations/turn.js';
import {
  assertReasonableLength,
  finishReasonOf,
  type RawAnswer,
  reportedUsage,
  textOf,
} from './transport/read-completion.js';

const ENDS_IN_HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

/** Puts an answer together from its chunks. What it gives out is well-formed: half a character waits for its other half. */
export class StreamedAnswer {
  #content = '';
  #pending = '';
  #finishReason: unknown;
  #usage: Usage | null = null;

  /** @returns the text that can be passed on now, perhaps none. @throws AppError `model_failed` when it is absurdly long. */
  add(chunk: ChatGenerationChunk): string {
    this.#finishReason = finishReasonOf(chunk) ?? this.#finishReason;
    this.#usage = reportedUsage(chunk.message) ?? this.#usage;
    const text = this.#pending + textOf(chunk.message);
    this.#pending = ENDS_IN_HIGH_SURROGATE.test(text) ? text.slice(-1) : '';
    return this.#passOn(text.slice(0, text.length - this.#pending.length));
  }

  /** @returns what still waited, with the half character replaced. */
  end(): string {
    const rest = this.#pending;
    this.#pending = '';
    return this.#passOn(rest);
  }

  get answer(): RawAnswer {
    return { content: this.#content, finishReason: this.#finishReason, usage: this.#usage };
  }

  #passOn(text: string): string {
    const wellFormed = text.toWellFormed();
    this.#content += wellFormed;
    assertReasonableLength(this.#content);
    return wellFormed;
  }
}
