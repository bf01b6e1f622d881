import type { Response } from 'express';
import type { RunningRequests } from '#src/application/ports/system/running-requests.js';

/**
 * The requests whose work can be called off: one signal each, which aborts when the caller has gone before the whole
 * answer was written, when its key lets nobody in any more, or when the service ends it. The request's own `close` says
 * nothing: it comes as soon as the body has been read.
 */
export class OpenRequests implements RunningRequests {
  readonly #keyIds = new Map<AbortController, string>();
  #endedBy: Error | null = null;

  get size(): number {
    return this.#keyIds.size;
  }

  /** @param keyId of the key that let it in. */
  signalOf(response: Response, keyId: string): AbortSignal {
    const controller = new AbortController();
    if (response.destroyed) controller.abort(callerHasGone());
    else if (this.#endedBy !== null) controller.abort(this.#endedBy);
    else this.#keep(controller, response, keyId);
    return controller.signal;
  }

  keyIds(): string[] {
    return [...new Set(this.#keyIds.values())];
  }

  abortByKey(keyId: string, reason: Error): void {
    for (const [controller, owner] of this.#keyIds) if (owner === keyId) controller.abort(reason);
  }

  /** Those that come later, too. @param reason the error that their callers receive. */
  abortAll(reason: Error): void {
    this.#endedBy = reason;
    for (const controller of this.#keyIds.keys()) controller.abort(reason);
  }

  #keep(controller: AbortController, response: Response, keyId: string): void {
    this.#keyIds.set(controller, keyId);
    response.once('close', () => {
      this.#keyIds.delete(controller);
      if (!response.writableFinished) controller.abort(callerHasGone());
    });
  }
}

function callerHasGone(): Error {
  return new DOMException('The caller has gone.', 'AbortError');
}
