import type { LlmGateway, Prompt, TextListener } from '#src/application/ports/chat/llm-gateway.js';
import type { Completion } from '#src/domain/conversations/turn.js';

/** What a gateway does with one call. */
export type Step = (signal: AbortSignal, prompt: Prompt, onDelta: TextListener) => Promise<Completion>;

export interface Call {
  readonly model: string;
  readonly streamed: boolean;
  /** By `performance.now()`. */
  readonly atMs: number;
  readonly signal: AbortSignal;
}

/** Takes one step for each call, the last one again and again, and keeps account. */
export class ScriptedGateway implements LlmGateway {
  readonly calls: Call[] = [];
  steps: Step[];

  constructor(...steps: Step[]) {
    this.steps = steps;
  }

  generate(prompt: Prompt, signal: AbortSignal): Promise<Completion> {
    return this.#take(prompt, signal, false, async () => {});
  }

  stream(prompt: Prompt, signal: AbortSignal, onDelta: TextListener): Promise<Completion> {
    return this.#take(prompt, signal, true, onDelta);
  }

  async #take(
    prompt: Prompt,
    signal: AbortSignal,
    streamed: boolean,
    onDelta: TextListener,
  ): Promise<Completion> {
    this.calls.push({ model: prompt.model, streamed, atMs: performance.now(), signal });
    const step = this.steps.length > 1 ? this.steps.shift() : this.steps[0];
    if (step === undefined) throw new Error('the script is empty');
    return step(signal, prompt, onDelta);
  }
}

/** Says it in one piece. */
export function say(content: string): Step {
  return async (_signal, { model }, onDelta) => {
    await onDelta(content);
    return {
      reply: { content, finishReason: 'stop' },
      model,
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, estimated: false },
    };
  };
}

export function fail(error: unknown): Step {
  return async () => {
    throw error;
  };
}

/** Says this much and then fails. */
export function sayAndFail(text: string, error: unknown): Step {
  return async (_signal, _prompt, onDelta) => {
    await onDelta(text);
    throw error;
  };
}

/** Until it is called off. */
export function hang(): Step {
  return (signal) =>
    new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
}

/** Silent for so long, unless it is called off, and then this. */
export function after(ms: number, step: Step): Step {
  return (signal, prompt, onDelta) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      setTimeout(() => step(signal, prompt, onDelta).then(resolve, reject), ms);
    });
}
