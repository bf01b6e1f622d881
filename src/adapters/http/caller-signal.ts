import type { Response } from 'express';

/**
 * Aborts when the caller has gone before the whole answer was written. The request's own `close` says nothing: it
 * comes as soon as the body has been read.
 */
export function callerSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new DOMException('The caller has gone.', 'AbortError'));
  });
  return controller.signal;
}
