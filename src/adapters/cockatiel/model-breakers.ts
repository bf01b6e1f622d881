import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleType,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#src/application/ports/clock.js';
import { AppError } from '#src/domain/app-error.js';

export interface ModelBreakersOptions {
  /** Failures in a row until calls are refused. Default 5. */
  readonly failures?: number;
  /** How long they are refused until one call is let through to see. Default 5,000. */
  readonly probeAfterMs?: number;
}

/** Characters choose among the few models that the operator allows. */
const MOST_BREAKERS = 1000;

export interface CallPatience {
  /** That of the call: it aborts when the caller leaves. */
  readonly signal: AbortSignal;
  /** A caller who leaves without a word of the model has seen an outage after so long; one who leaves sooner says nothing. */
  readonly silentMs: number;
}

interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  /** When the next call is let through to see, by the clock that cockatiel goes by; it shows only that it is open. */
  probesAtMs: number;
  /** Of the model, so far. */
  answers: number;
}

/** A circuit breaker for each model of one provider, so that a dead one is not asked again and again while shoppers wait. */
export class ModelBreakers {
  readonly #circuits = new LRUCache<string, Circuit>({ max: MOST_BREAKERS });
  readonly #clock: Clock;
  readonly #failures: number;
  readonly #probeAfterMs: number;

  constructor(clock: Clock, { failures = 5, probeAfterMs = 5000 }: ModelBreakersOptions = {}) {
    this.#clock = clock;
    this.#failures = failures;
    this.#probeAfterMs = probeAfterMs;
  }

  /**
   * @param call tells by `answered` that the model has begun to speak: from then on its circuit is no longer concerned.
   * @throws AppError `model_unavailable`, at once, while the model is refused; else what `call` throws.
   */
  async run<T>(
    model: string,
    patience: CallPatience,
    call: (answered: () => void) => Promise<T>,
  ): Promise<T> {
    const circuit = this.#of(model);
    const { policy } = circuit;
    // Left to itself a half-open breaker would let this call wait for the one that probes.
    if (policy.state === CircuitState.HalfOpen) throw this.#refusal();
    const isProbe = policy.state === CircuitState.Open;
    const leftUnanswered = this.#watch(circuit, patience);
    const failsNow = (error: unknown) =>
      isProbe
        ? !isAnswer(error)
        : // What began before the circuit opened says nothing about the model now.
          policy.state === CircuitState.Closed && (isOutage(error) || leftUnanswered(error));
    try {
      const { whole } = await policy.execute(async () => {
        const begun = begin(call);
        try {
          await Promise.race([begun.spoke, begun.whole]);
          return begun;
        } catch (error) {
          throw failsNow(error) ? new CountedFailure(error) : error;
        }
      });
      return await whole;
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw this.#refusal();
      throw error instanceof CountedFailure ? error.cause : error;
    }
  }

  /** Whether a call would be refused now: no longer when the next one is let through to see, and while it does so again. */
  isRefusing(model: string): boolean {
    const circuit = this.#circuits.get(model);
    if (circuit === undefined || circuit.policy.state === CircuitState.Closed) return false;
    return circuit.policy.state !== CircuitState.Open || Date.now() < circuit.probesAtMs;
  }

  /**
   * Tells whether the caller of a call that begins now has left after a long silence in which the model answered nobody
   * else either: a few who ask for long answers and leave together must not close it to all others.
   */
  #watch(circuit: Circuit, { signal, silentMs }: CallPatience): (error: unknown) => boolean {
    const { answers } = circuit;
    const countsFromMs = this.#clock.monotonicMs() + silentMs;
    return (error) =>
      signal.aborted &&
      error === signal.reason &&
      this.#clock.monotonicMs() >= countsFromMs &&
      circuit.answers === answers;
  }

  #of(model: string): Circuit {
    const known = this.#circuits.get(model);
    if (known !== undefined) return known;
    const policy = circuitBreaker(handleType(CountedFailure), {
      halfOpenAfter: this.#probeAfterMs,
      breaker: new ConsecutiveBreaker(this.#failures),
    });
    const circuit: Circuit = { policy, probesAtMs: 0, answers: 0 };
    policy.onBreak(() => {
      circuit.probesAtMs = Date.now() + this.#probeAfterMs;
    });
    policy.onSuccess(() => {
      circuit.answers += 1;
    });
    this.#circuits.set(model, circuit);
    return circuit;
  }

  #refusal(): AppError {
    return new AppError('model_unavailable', { retryAfterSeconds: Math.ceil(this.#probeAfterMs / 1000) });
  }
}

function begin<T>(call: (answered: () => void) => Promise<T>): { spoke: Promise<void>; whole: Promise<T> } {
  let answered = () => {};
  const spoke = new Promise<void>((resolve) => {
    answered = resolve;
  });
  return { spoke, whole: call(answered) };
}

/** Tells the breaker that a failure counts. */
class CountedFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('counted');
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && (error.transient || error.code === 'model_timeout');
}

/** The model is there, whatever it said. A probe whose caller left has heard nothing, and must not close the circuit. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof AppError &&
    !error.transient &&
    (error.code === 'model_rejected' || error.code === 'model_failed')
  );
}
