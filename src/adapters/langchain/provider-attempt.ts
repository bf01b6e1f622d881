import { callFailure } from '#src/application/chat/call-failure.js';
import type { AttemptListener, Prompt } from '#src/application/ports/chat/llm-gateway.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Completion, Usage } from '#src/domain/conversations/turn.js';
import { promptUsage } from './transport/read-completion.js';

/**
 * Collects what one call to a provider cost, and notifies once. A provider that was asked may charge for a prompt whose
 * answer nobody waited for; a beginning that was passed on is counted by whoever received it.
 */
export class ProviderAttempt {
  readonly #prompt: Prompt;
  readonly #clock: Clock;
  #askedAtMs: number | null = null;
  #isAwaited = false;
  #isOver = false;
  #usage: Usage | null = null;

  constructor(prompt: Prompt, clock: Clock) {
    this.#prompt = prompt;
    this.#clock = clock;
  }

  /** The provider is asked now. */
  ask(): void {
    this.#askedAtMs = this.#clock.monotonicMs();
    this.#isAwaited = true;
  }

  /** A piece of the answer is passed on. */
  addChunk(): void {
    this.#isAwaited = false;
  }

  /** An answer that cannot be used has come, and this is what it cost. */
  readonly count = (usage: Usage): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#usage = usage;
  };

  /** The call has been given up on our side; what a client still brings counts for nothing. */
  readonly cut = (): void => {
    if (this.#isAwaited) this.count(promptUsage(this.#prompt));
    this.#isOver = true;
  };

  async end(
    call: Promise<Completion>,
    signal: AbortSignal,
    onAttempt?: AttemptListener,
  ): Promise<Completion> {
    const notify = (outcome: Parameters<AttemptListener>[0]['outcome'], usage: Usage | null) => {
      if (this.#askedAtMs === null) return;
      const elapsedMs = this.#clock.monotonicMs() - this.#askedAtMs;
      onAttempt?.({ model: this.#prompt.model, outcome, usage, elapsedMs });
    };
    try {
      const completion = await call;
      notify('completed', completion.usage);
      return completion;
    } catch (error) {
      notify(callFailure(error, signal), this.#usage);
      throw error;
    }
  }
}
