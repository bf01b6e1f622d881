import { onAbort } from './on-abort.js';

/** Waits no longer than until the signal aborts; what settles later is dropped. @throws the signal's reason. */
export async function untilAborted<T>(signal: AbortSignal, awaited: Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else stop = onAbort(signal, leave);
  });
  try {
    return await Promise.race([aborted, awaited]);
  } finally {
    stop?.();
  }
}
