import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleType,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { AppError } from '#src/domain/app-error.js';

export interface ModelBreakersOptions {
  /** Failures in a row until calls are refused. Default 5. */
  readonly failures?: number;
  /** How long they are refused until one call is let through to see. Default 5,000. */
  readonly probeAfterMs?: number;
}

/** Characters choose among the few models that the operator allows. */
const MOST_BREAKERS = 1000;

/** A circuit breaker for each model of one provider, so that a dead one is not asked again and again while shoppers wait. */
export class ModelBreakers {
  readonly #breakers = new LRUCache<string, CircuitBreakerPolicy>({ max: MOST_BREAKERS });
  readonly #probesAtMs = new WeakMap<CircuitBreakerPolicy, number>();
  readonly #failures: number;
  readonly #probeAfterMs: number;

  constructor({ failures = 5, probeAfterMs = 5000 }: ModelBreakersOptions = {}) {
    this.#failures = failures;
    this.#probeAfterMs = probeAfterMs;
  }

  /**
   * @param call tells by `answered` that the model has begun to speak: from then on its circuit is no longer concerned.
   * @throws AppError `model_unavailable`, at once, while the model is refused; else what `call` throws.
   */
  async run<T>(model: string, call: (answered: () => void) => Promise<T>): Promise<T> {
    const breaker = this.#of(model);
    // Left to itself a half-open breaker would let this call wait for the one that probes.
    if (breaker.state === CircuitState.HalfOpen) throw this.#refusal();
    const isProbe = breaker.state === CircuitState.Open;
    const failsNow = (error: unknown) =>
      isProbe
        ? !isAnswer(error)
        : // What began before the circuit opened says nothing about the model now.
          breaker.state === CircuitState.Closed && isOutage(error);
    try {
      const { whole } = await breaker.execute(async () => {
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
    const breaker = this.#breakers.get(model);
    if (breaker === undefined || breaker.state === CircuitState.Closed) return false;
    return breaker.state !== CircuitState.Open || Date.now() < (this.#probesAtMs.get(breaker) ?? 0);
  }

  #of(model: string): CircuitBreakerPolicy {
    const known = this.#breakers.get(model);
    if (known !== undefined) return known;
    const breaker = circuitBreaker(handleType(CountedFailure), {
      halfOpenAfter: this.#probeAfterMs,
      breaker: new ConsecutiveBreaker(this.#failures),
    });
    // By the clock that cockatiel itself goes by; the breaker shows only that it is open, also when it would let one through.
    breaker.onBreak(() => this.#probesAtMs.set(breaker, Date.now() + this.#probeAfterMs));
    this.#breakers.set(model, breaker);
    return breaker;
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
