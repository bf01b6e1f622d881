import { withDeadline } from '#src/application/async/deadline.js';
import { linkSignals } from '#src/application/async/link-signals.js';
import { untilAborted } from '#src/application/async/until-aborted.js';
import { AppError } from '#src/domain/errors.js';
import { toModelError } from './llm-errors.js';

const CALL_HAS_FAILED = new Error('the call has failed');

/** How long a call may still be silent. */
export interface IdleTimeout {
  /** From now on; replaces what was allowed before. */
  allow(ms: number): void;
  /** While it is not the provider that is waited for. */
  suspend(): void;
}

/**
 * Runs one call to a model. Its signal aborts when the idle timeout or the total time ends, when the caller goes, and when
 * the call has failed: nothing that it opened outlives it, and nobody waits for a client that does not listen.
 * @param onCut called before it throws, when the caller went or the time was over.
 * @throws the reason of the caller's signal; AppError `model_timeout`; whatever else failed, as `toModelError` maps it.
 */
export async function withinDeadline<T>(
  totalMs: number,
  caller: AbortSignal,
  call: (signal: AbortSignal, idleTimeout: IdleTimeout) => Promise<T>,
  onCut?: () => void,
): Promise<T> {
  const own = new AbortController();
  const idleTimeout = new RunningIdleTimeout(() => own.abort(timedOut()));
  const run = async (signal: AbortSignal): Promise<T> => {
    try {
      return await untilAborted(signal, call(signal, idleTimeout));
    } catch (error) {
      if (signal.aborted) onCut?.();
      const reason = signal.aborted ? signal.reason : toModelError(error);
      own.abort(CALL_HAS_FAILED);
      throw reason;
    } finally {
      idleTimeout.end();
    }
  };
  return withDeadline(totalMs, timedOut, caller, (deadline) => linkSignals(deadline, own.signal, run));
}

function timedOut(): AppError {
  return new AppError('model_timeout');
}

class RunningIdleTimeout implements IdleTimeout {
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  allow(ms: number): void {
    this.suspend();
    if (!this.#hasEnded) this.#timer = setTimeout(this.#giveUp, ms);
  }

  suspend(): void {
    clearTimeout(this.#timer);
  }

  /** A reader that settles after the call is over starts no timer. */
  end(): void {
    this.suspend();
    this.#hasEnded = true;
  }
}
