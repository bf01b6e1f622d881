import type { Response } from 'express';

/**
 * The requests whose work can be called off: one signal each, which aborts when the caller has gone before the whole
 * answer was written, or when the service ends it. The request's own `close` says nothing: it comes as soon as the
 * body has been read.
 */
export class OpenRequests {
  readonly #controllers = new Set<AbortController>();
  #endedBy: Error | null = null;

  get size(): number {
    return this.#controllers.size;
  }

  signalOf(response: Response): AbortSignal {
    const controller = new AbortController();
    if (response.destroyed) controller.abort(callerHasGone());
    else if (this.#endedBy !== null) controller.abort(this.#endedBy);
    else this.#keep(controller, response);
    return controller.signal;
  }

  /** Those that come later, too. @param reason what their callers are told. */
  abortAll(reason: Error): void {
    this.#endedBy = reason;
    for (const controller of this.#controllers) controller.abort(reason);
  }

  #keep(controller: AbortController, response: Response): void {
    this.#controllers.add(controller);
    response.once('close', () => {
      this.#controllers.delete(controller);
      if (!response.writableFinished) controller.abort(callerHasGone());
    });
  }
}

function callerHasGone(): Error {
  return new DOMException('The caller has gone.', 'AbortError');
}
