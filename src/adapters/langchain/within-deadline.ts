import { AppError } from '#src/domain/app-error.js';
import { toModelError } from './llm-errors.js';

const CALL_IS_OVER = new Error('the call is over');

/**
 * Runs one call to a model. Its signal aborts at the deadline, when the caller goes, and when the call is over: nothing
 * that it opened outlives it, and nobody waits for a client that does not listen.
 * @throws the reason of the caller's signal; AppError `model_timeout`; whatever else failed, as `toModelError` tells it.
 */
export async function withinDeadline<T>(
  totalMs: number,
  caller: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const leave = () => controller.abort(caller.reason);
  const deadline = setTimeout(() => controller.abort(new AppError('model_timeout')), totalMs);
  caller.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([abortOf(signal), call(signal)]);
  } catch (error) {
    throw signal.aborted ? signal.reason : toModelError(error);
  } finally {
    clearTimeout(deadline);
    caller.removeEventListener('abort', leave);
    controller.abort(CALL_IS_OVER);
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
