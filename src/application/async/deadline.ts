import { onAbort } from './on-abort.js';

/**
 * Calls back once: when the time is over, or when the caller goes before.
 * @param toReason makes the reason when the time is over; the caller's own reason is passed on as it is.
 * @returns calls it off.
 */
export function onDeadline(
  ms: number,
  toReason: () => Error,
  caller: AbortSignal | null,
  leave: (reason: unknown) => void,
): () => void {
  const stop = (): void => {
    clearTimeout(timer);
    stopListening?.();
  };
  const end = (reason: unknown): void => {
    stop();
    leave(reason);
  };
  const timer = setTimeout(() => end(toReason()), ms);
  const stopListening = caller === null ? null : onAbort(caller, () => end(caller.reason));
  return stop;
}

/**
 * Runs a task with a signal that aborts when its time is over or its caller goes. Nothing of it outlives the task.
 * @param toReason as in {@link onDeadline}.
 * @throws the caller's reason, when it has gone before; whatever the task throws.
 */
export async function withDeadline<T>(
  ms: number,
  toReason: () => Error,
  caller: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller.throwIfAborted();
  const deadline = new AbortController();
  const stop = onDeadline(ms, toReason, caller, (reason) => deadline.abort(reason));
  try {
    return await run(deadline.signal);
  } finally {
    stop();
  }
}
