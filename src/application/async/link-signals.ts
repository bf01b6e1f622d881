import { onAbort } from './on-abort.js';

/**
 * Runs a task with a signal that aborts as soon as one of two does, with its reason. Cheaper than `AbortSignal.any`, and
 * nothing of it outlives the task (node#54614).
 */
export async function linkSignals<T>(
  first: AbortSignal,
  second: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  first.throwIfAborted();
  second.throwIfAborted();
  const either = new AbortController();
  const stopFirst = onAbort(first, () => either.abort(first.reason));
  const stopSecond = onAbort(second, () => either.abort(second.reason));
  try {
    return await run(either.signal);
  } finally {
    stopFirst();
    stopSecond();
  }
}
