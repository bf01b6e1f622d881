import { withDeadline } from '#src/application/async/deadline.js';
import { sleep } from '#src/application/async/sleep.js';
import type {
  AttemptListener,
  LlmGateway,
  Prompt,
  TextListener,
} from '#src/application/ports/chat/llm-gateway.js';
import type { ModelHealth } from '#src/application/ports/chat/model-health.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { Completion } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { ModelBreakers, type ModelBreakersOptions } from './model-breakers.js';

/** One provider that can be asked. */
export interface ModelCandidate {
  readonly gateway: LlmGateway;
  /** Asked in place of the prompt's own model; null: the prompt's own. */
  readonly model: string | null;
}

export interface FailoverLlmGatewayOptions {
  readonly primary: ModelCandidate;
  readonly fallback: ModelCandidate | null;
  readonly clock: Clock;
  /** For one turn, with everything that is tried. */
  readonly totalMs: number;
  /** A retry begins within it or not at all. */
  readonly firstTokenMs: number;
  readonly breakers?: ModelBreakersOptions;
}

interface Call {
  /** What the first choice may use up where there is a second: a plain call shows no sign of life before its end. */
  readonly firstChoiceMs: number;
  /** On the gateway's clock: when it has to be done. */
  readonly endsAtMs: number;
  /** How long it may take to its first sign of life, as far as `endsAtMs` allows. */
  readonly firstSignMs: number;
  /** `answered` is called when the model has begun to speak. */
  readonly ask: (
    gateway: LlmGateway,
    prompt: Prompt,
    signal: AbortSignal,
    answered: () => void,
  ) => Promise<Completion>;
  /** Whether a part of the reply is with the caller already. */
  readonly hasBegun: () => boolean;
}

interface GuardedCandidate extends ModelCandidate {
  readonly breakers: ModelBreakers;
}

const RETRY_PAUSE_LEAST_MS = 100;
const RETRY_PAUSE_SPREAD_MS = 300;

/**
 * Before the first token: one retry of what may pass by itself, then the fallback. After it: never another provider,
 * because the caller has words of this one. The whole has one deadline.
 */
export class FailoverLlmGateway implements LlmGateway, ModelHealth {
  readonly #candidates: readonly GuardedCandidate[];
  readonly #options: FailoverLlmGatewayOptions;

  constructor(options: FailoverLlmGatewayOptions) {
    this.#options = options;
    const candidates = options.fallback === null ? [options.primary] : [options.primary, options.fallback];
    this.#candidates = candidates.map((candidate) => ({
      ...candidate,
      breakers: new ModelBreakers(options.clock, options.breakers),
    }));
  }

  generate(prompt: Prompt, caller: AbortSignal, onAttempt?: AttemptListener): Promise<Completion> {
    const { totalMs } = this.#options;
    return withDeadline(totalMs, timedOut, caller, (signal) =>
      this.#askAny(prompt, signal, {
        firstChoiceMs: totalMs / 2,
        endsAtMs: this.#afterMs(totalMs),
        firstSignMs: totalMs,
        ask: (gateway, asked, attempt) => gateway.generate(asked, attempt, onAttempt),
        hasBegun: () => false,
      }),
    );
  }

  stream(
    prompt: Prompt,
    caller: AbortSignal,
    onDelta: TextListener,
    onAttempt?: AttemptListener,
  ): Promise<Completion> {
    const { totalMs, firstTokenMs } = this.#options;
    let begun = false;
    return withDeadline(totalMs, timedOut, caller, (signal) =>
      this.#askAny(prompt, signal, {
        firstChoiceMs: totalMs,
        endsAtMs: this.#afterMs(totalMs),
        firstSignMs: firstTokenMs,
        ask: (gateway, asked, attempt, answered) =>
          gateway.stream(
            asked,
            attempt,
            (text) => {
              begun = true;
              answered();
              return onDelta(text);
            },
            onAttempt,
          ),
        hasBegun: () => begun,
      }),
    );
  }

  isRefusing(model: string): boolean {
    return this.#candidates[0]?.breakers.isRefusing(model) ?? false;
  }

  async #askAny(prompt: Prompt, signal: AbortSignal, call: Call): Promise<Completion> {
    let failure: unknown;
    for (const [index, candidate] of this.#candidates.entries()) {
      const isLast = index === this.#candidates.length - 1;
      const { firstChoiceMs } = call;
      const own = isLast ? call : { ...call, endsAtMs: this.#afterMs(firstChoiceMs) };
      const ask = (limited: AbortSignal) => this.#askTwice(candidate, prompt, limited, own);
      try {
        return await (isLast ? ask(signal) : withDeadline(firstChoiceMs, timedOut, signal, ask));
      } catch (error) {
        failure = error;
        if (signal.aborted || call.hasBegun() || !isWorthTheFallback(error)) break;
      }
    }
    throw failure;
  }

  async #askTwice(
    candidate: GuardedCandidate,
    prompt: Prompt,
    signal: AbortSignal,
    call: Call,
  ): Promise<Completion> {
    const { clock, firstTokenMs } = this.#options;
    const asked = candidate.model === null ? prompt : { ...prompt, model: candidate.model };
    const askedAtMs = clock.monotonicMs();
    const ask = () =>
      candidate.breakers.run(
        asked.model,
        { signal, abandonAfterMs: this.#abandonAfterMs(call) },
        (answered) => call.ask(candidate.gateway, asked, signal, answered),
      );
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || call.hasBegun()) throw error;
      if (!(error instanceof AppError) || !error.transient) throw error;
      if (candidate.breakers.isRefusing(asked.model)) throw error;
      const pauseMs = retryPauseMs(error);
      if (clock.monotonicMs() + pauseMs >= Math.min(askedAtMs + firstTokenMs, call.endsAtMs)) throw error;
      await sleep(pauseMs, signal);
      return ask();
    }
  }

  /**
   * Half of what the model is given from now on: who leaves sooner may only have changed their mind, and shoppers who all
   * leave before the deadline would else hide a provider that hangs from every later one.
   */
  #abandonAfterMs({ firstSignMs, endsAtMs }: Call): number {
    return Math.min(firstSignMs, endsAtMs - this.#options.clock.monotonicMs()) / 2;
  }

  #afterMs(ms: number): number {
    return this.#options.clock.monotonicMs() + ms;
  }
}

function timedOut(): AppError {
  return new AppError('model_timeout');
}

/** What the model refuses for its content would only be refused again, or answered by a model that should not. */
function isWorthTheFallback(error: unknown): boolean {
  return error instanceof AppError && error.code !== 'model_rejected';
}

/** As the provider asks, or a little at random, so that not all come back at once. */
function retryPauseMs({ retryAfterSeconds }: AppError): number {
  if (typeof retryAfterSeconds === 'number') return retryAfterSeconds * 1000;
  return RETRY_PAUSE_LEAST_MS + Math.random() * RETRY_PAUSE_SPREAD_MS;
}
