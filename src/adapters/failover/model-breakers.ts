import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  type FailureReason,
  handleType,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#src/application/ports/system/clock.js';
import { AppError } from '#src/domain/errors.js';

export interface ModelBreakersOptions {
  /** Failures in a row until calls are refused. Default 5. */
  readonly failures?: number;
  /** How long they are refused until one call is let through to see. Default 5,000. */
  readonly probeAfterMs?: number;
}

/** Characters choose among the few models that the operator allows. */
const MAX_BREAKERS = 1000;

export interface CallIdleTimeout {
  /** That of the call: it aborts when the caller leaves. */
  readonly signal: AbortSignal;
  /** A caller who leaves without a word of the model has seen an outage after so long; one who leaves sooner says nothing. */
  readonly abandonAfterMs: number;
}

type CallEnd = 'outage' | 'undecided' | 'other';

interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  /** When the next call is let through to see, on the monotonic clock. */
  probesAtMs: number;
  /** Signs of life of the model, so far: words, whole answers, error responses of its own. */
  signs: number;
}

/**
 * cockatiel measures how long a circuit is open by the wall clock, which may be set back. It is given a time that is
 * always over, and asked only when it is over on the monotonic clock.
 */
const ALWAYS_OVER_MS = Number.NEGATIVE_INFINITY;

/** A circuit breaker for each model of one provider, so that a dead one is not asked again and again while shoppers wait. */
export class ModelBreakers {
  readonly #circuits = new LRUCache<string, Circuit>({ max: MAX_BREAKERS });
  readonly #clock: Clock;
  readonly #failures: number;
  readonly #probeAfterMs: number;

  constructor(clock: Clock, { failures = 5, probeAfterMs = 5000 }: ModelBreakersOptions = {}) {
    this.#clock = clock;
    this.#failures = failures;
    this.#probeAfterMs = probeAfterMs;
  }

  /**
   * @param call reports each word of the model by `answered`: from the first on its circuit is no longer concerned.
   * @throws AppError `model_unavailable`, at once, while the model is refused; else what `call` throws.
   */
  async run<T>(
    model: string,
    idleTimeout: CallIdleTimeout,
    call: (answered: () => void) => Promise<T>,
  ): Promise<T> {
    const circuit = this.#of(model);
    const { policy } = circuit;
    // Left to itself a half-open breaker would let this call wait for the one that probes.
    if (this.#isShut(circuit)) throw this.#denial();
    const isProbe = policy.state === CircuitState.Open;
    const endOf = this.#watch(circuit, idleTimeout);
    const failed = (error: unknown): unknown => {
      const end = endOf(error);
      if (isProbe) return end === 'undecided' ? new UndecidedProbe(error) : new CountedFailure(error);
      // What began before the circuit opened says nothing about the model now.
      return policy.state === CircuitState.Closed && end === 'outage' ? new CountedFailure(error) : error;
    };
    try {
      const { whole } = await policy.execute(async () => {
        const begun = begin(call, () => {
          circuit.signs += 1;
        });
        try {
          await Promise.race([begun.spoke, begun.whole]);
        } catch (error) {
          // An answer is a success, and `whole` rejects with it all the same.
          if (!isAnswer(error)) throw failed(error);
        }
        return begun;
      });
      return await whole;
    } catch (error) {
      throw error instanceof CountedFailure ? error.cause : error;
    }
  }

  /** Whether a call would be refused now: no longer when the next one is let through to see, and while it does so again. */
  isRefusing(model: string): boolean {
    const circuit = this.#circuits.get(model);
    return circuit !== undefined && this.#isShut(circuit);
  }

  #isShut({ policy, probesAtMs }: Circuit): boolean {
    if (policy.state === CircuitState.Closed) return false;
    return policy.state !== CircuitState.Open || this.#clock.monotonicMs() < probesAtMs;
  }

  /**
   * Judges the end of a call that begins now. An outage is what the provider failed with; and a deadline, or a
   * caller who has left after a long silence, in which the model gave no sign of life to anybody else either. A few who
   * ask for long answers together must not close it to all others. Nothing is decided by a caller who has left sooner.
   */
  #watch(circuit: Circuit, { signal, abandonAfterMs }: CallIdleTimeout): (error: unknown) => CallEnd {
    const { signs } = circuit;
    const countsFromMs = this.#clock.monotonicMs() + abandonAfterMs;
    return (error) => {
      if (isTransient(error)) return 'outage';
      const hasLeft = signal.aborted && error === signal.reason && !isDeadline(error);
      if (hasLeft && this.#clock.monotonicMs() < countsFromMs) return 'undecided';
      return (hasLeft || isDeadline(error)) && circuit.signs === signs ? 'outage' : 'other';
    };
  }

  #of(model: string): Circuit {
    const known = this.#circuits.get(model);
    if (known !== undefined) return known;
    const policy = circuitBreaker(handleType(CountedFailure), {
      halfOpenAfter: ALWAYS_OVER_MS,
      breaker: new ConsecutiveBreaker(this.#failures),
    });
    const circuit: Circuit = { policy, probesAtMs: 0, signs: 0 };
    policy.onBreak((reason) => {
      circuit.probesAtMs = this.#clock.monotonicMs() + this.#closedForMs(reason);
    });
    policy.onSuccess(() => {
      circuit.signs += 1;
    });
    this.#circuits.set(model, circuit);
    return circuit;
  }

  /** A caller that leaves its probe at once must not keep the circuit open for all others. */
  #closedForMs(reason: FailureReason<unknown> | { isolated: true }): number {
    return 'error' in reason && reason.error instanceof UndecidedProbe ? 0 : this.#probeAfterMs;
  }

  #denial(): AppError {
    return new AppError('model_unavailable', { retryAfterSeconds: Math.ceil(this.#probeAfterMs / 1000) });
  }
}

interface Begun<T> {
  readonly spoke: Promise<void>;
  readonly whole: Promise<T>;
}

function begin<T>(call: (answered: () => void) => Promise<T>, onWord: () => void): Begun<T> {
  let speak = () => {};
  const spoke = new Promise<void>((resolve) => {
    speak = resolve;
  });
  const answered = () => {
    onWord();
    speak();
  };
  return { spoke, whole: call(answered) };
}

/** Marks a failure that the breaker counts. */
class CountedFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('counted');
  }
}

/** Counts, and leaves it to the next call to find out. */
class UndecidedProbe extends CountedFailure {}

function isTransient(error: unknown): boolean {
  return error instanceof AppError && error.transient;
}

function isDeadline(error: unknown): boolean {
  return error instanceof AppError && error.code === 'model_timeout';
}

/** The model is there, whatever it said. A probe whose caller left has received nothing, and must not close the circuit. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof AppError &&
    !error.transient &&
    (error.code === 'model_rejected' || error.code === 'model_failed')
  );
}
