import type { ChatMessage } from '#src/domain/conversations/chat-message.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { estimatePrompt, estimateTokens } from '#src/domain/models/token-estimate.js';
import type { TurnCounts } from '#src/domain/usage/usage.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';
import type { UsageRecords } from '../background/usage-records.js';
import type { Reservation } from '../ports/limits/token-budget.js';

interface Options {
  readonly clientId: string;
  readonly characterId: string;
  /** On which the turn is counted, also when it ends on the next one. */
  readonly day: UtcDay;
  /** Of the prompt. */
  readonly messages: readonly ChatMessage[];
  /** Null: there is no budget. */
  readonly reservation: Reservation | null;
  readonly records: UsageRecords;
}

/** What one turn has cost so far. It is settled once, whatever came of the turn. */
export class TurnMeter {
  readonly #options: Options;
  #inputTokens = 0;
  #outputTokens = 0;
  /** Of an answer that nobody has counted yet. */
  #streamedText = '';
  #settled: Promise<void> | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** A piece of an answer has come. */
  addChunk(text: string): void {
    this.#streamedText += text;
  }

  /** An answer has ended, usable or not, and this is what it cost. */
  count({ inputTokens, outputTokens }: Pick<Usage, 'inputTokens' | 'outputTokens'>): void {
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
    this.#streamedText = '';
  }

  /** The turn has been stored. */
  complete(): void {
    this.#note({ turns: 1, inputTokens: 0, outputTokens: 0 });
  }

  /** No model is asked any more: notes what was spent, and gives back what was not. Never rejects. */
  settle(): Promise<void> {
    this.#settled ??= this.#settleOnce();
    return this.#settled;
  }

  async #settleOnce(): Promise<void> {
    const { messages, reservation } = this.#options;
    if (this.#streamedText !== '') {
      this.count({ inputTokens: estimatePrompt(messages), outputTokens: estimateTokens(this.#streamedText) });
    }
    const inputTokens = this.#inputTokens;
    const outputTokens = this.#outputTokens;
    const spent = inputTokens + outputTokens;
    // Before the budget is settled: a counter that has to begin anew begins with what was noted.
    if (spent > 0) this.#note({ turns: 0, inputTokens, outputTokens });
    await reservation?.settle(spent);
  }

  #note(counts: TurnCounts): void {
    const { clientId, characterId, day, records } = this.#options;
    records.note({ clientId, characterId, day, ...counts });
  }
}
