/** Calls back when the signal aborts, once. @returns takes the listener back: a signal may outlive all who wait for it. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
