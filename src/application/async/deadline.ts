/**
 * Runs a task with a signal that aborts when its time is over or its caller goes. Nothing of it outlives the task.
 * @param toReason makes the reason when the time is over; the caller's own reason is passed on as it is.
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
  const leave = () => deadline.abort(caller.reason);
  const timer = setTimeout(() => deadline.abort(toReason()), ms);
  caller.addEventListener('abort', leave, { once: true });
  try {
    return await run(deadline.signal);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', leave);
  }
}
