import { onAbort } from './on-abort.js';

/** @throws the signal's reason, as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const stop = signal === undefined ? null : onAbort(signal, leave);
    const timer = setTimeout(() => {
      stop?.();
      resolve();
    }, ms);
  });
}
