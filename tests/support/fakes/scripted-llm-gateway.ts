import { EventEmitter, once } from 'node:events';
import type {
  AttemptListener,
  LlmGateway,
  Prompt,
  TextListener,
} from '#src/application/ports/chat/llm-gateway.js';
import type { Completion } from '#src/domain/conversations/turn.js';

type Answer = (
  prompt: Prompt,
  signal: AbortSignal,
  onAttempt: AttemptListener | undefined,
) => Completion | Promise<Completion>;

export const GOOD_DAY: Completion = {
  reply: { content: 'Good day.', finishReason: 'stop' },
  model: 'scripted',
  usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false },
};

/** A model that keeps what it was shown and answers by its script. */
export class ScriptedLlmGateway implements LlmGateway {
  readonly prompts: Prompt[] = [];
  /** For every prompt from now on. */
  answer: Answer = () => GOOD_DAY;
  readonly #events = new EventEmitter();

  async generate(prompt: Prompt, signal: AbortSignal, onAttempt?: AttemptListener): Promise<Completion> {
    return completed(await this.#begin(prompt, signal, onAttempt), onAttempt);
  }

  /** The answer word by word. */
  async stream(
    prompt: Prompt,
    signal: AbortSignal,
    onDelta: TextListener,
    onAttempt?: AttemptListener,
  ): Promise<Completion> {
    const completion = await this.#begin(prompt, signal, onAttempt);
    for (const word of completion.reply.content.match(/\S*\s*/g) ?? []) {
      if (word !== '') await onDelta(word);
    }
    return completed(completion, onAttempt);
  }

  /** The signal of the next call, once it has begun. */
  async nextCall(): Promise<AbortSignal> {
    const [signal]: AbortSignal[] = await once(this.#events, 'prompt');
    if (signal === undefined) throw new Error('a call without its signal');
    return signal;
  }

  /** From now on every call waits until it is released, or its signal aborts. */
  hold(): { release(completion?: Completion): void } {
    const waiting = new Set<(completion: Completion) => void>();
    this.answer = (_prompt, signal) =>
      new Promise((resolve, reject) => {
        waiting.add(resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    return {
      release: (completion = GOOD_DAY) => {
        this.answer = () => completion;
        for (const resolve of waiting) resolve(completion);
      },
    };
  }

  async #begin(prompt: Prompt, signal: AbortSignal, onAttempt?: AttemptListener): Promise<Completion> {
    this.prompts.push(prompt);
    const answer = this.answer;
    this.#events.emit('prompt', signal);
    return answer(prompt, signal, onAttempt);
  }
}

function completed(completion: Completion, onAttempt?: AttemptListener): Completion {
  const { model, usage } = completion;
  onAttempt?.({ model, outcome: 'completed', usage, elapsedMs: 0 });
  return completion;
}
