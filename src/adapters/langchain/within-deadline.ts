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
 * Runs one call to a model. Its signal aborts when its patience or the total time ends, when the caller goes, and when
 * the call has failed: nothing that it opened outlives it, and nobody waits for a client that does not listen.
 * @param onCut called before it throws, when the caller went or the time was over.
 * @throws the reason of the caller's signal; AppError `model_timeout`; whatever else failed, as `toModelError` tells it.
 */
export async function withinDeadline<T>(
  totalMs: number,
  caller: AbortSignal,
  call: (signal: AbortSignal, idleTimeout: IdleTimeout) => Promise<T>,
  onCut?: () => void,
): Promise<T> {
  caller.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const leave = () => controller.abort(caller.reason);
  const giveUp = () => controller.abort(new AppError('model_timeout'));
  const deadline = setTimeout(giveUp, totalMs);
  const idleTimeout = new RunningIdleTimeout(giveUp);
  caller.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([abortOf(signal), call(signal, idleTimeout)]);
  } catch (error) {
    if (signal.aborted) onCut?.();
    const reason = signal.aborted ? signal.reason : toModelError(error);
    controller.abort(CALL_HAS_FAILED);
    throw reason;
  } finally {
    clearTimeout(deadline);
    idleTimeout.end();
    caller.removeEventListener('abort', leave);
  }
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

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
