import type { AttemptUsageListener, Prompt } from '#src/application/ports/chat/llm-gateway.js';
import { promptUsage } from './transport/read-completion.js';

/**
 * Tells at most once what one call cost that brought nothing usable. A provider that was asked may charge for a prompt
 * whose answer nobody waited for; a beginning that was passed on is counted by whoever heard it.
 */
export class AttemptUsage {
  readonly #prompt: Prompt;
  readonly #onAttemptUsage: AttemptUsageListener | undefined;
  #isAwaited = false;
  #isOver = false;

  constructor(prompt: Prompt, onAttemptUsage: AttemptUsageListener | undefined) {
    this.#prompt = prompt;
    this.#onAttemptUsage = onAttemptUsage;
  }

  /** The provider is asked now. */
  ask(): void {
    this.#isAwaited = true;
  }

  /** A piece of the answer is passed on. */
  addChunk(): void {
    this.#isAwaited = false;
  }

  readonly notify: AttemptUsageListener = (usage) => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onAttemptUsage?.(usage);
  };

  /** The call has been given up on our side; what a client still brings is told to nobody. */
  readonly cut = (): void => {
    if (this.#isAwaited) this.notify(promptUsage(this.#prompt));
    this.#isOver = true;
  };
}
