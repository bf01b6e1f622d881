import type { RequestContext } from '#src/adapters/http/pipeline/context-of.js';
import type { TurnEvent, TurnObserver } from '#src/application/ports/chat/turn-observer.js';

/** Notes in one request how long its model was waited for, which `Server-Timing` shows. */
export class ServerTimingObserver implements TurnObserver {
  readonly #context: Pick<RequestContext, 'llmMs'>;

  constructor(context: Pick<RequestContext, 'llmMs'>) {
    this.#context = context;
  }

  observe(event: TurnEvent): void {
    if (event.kind === 'first_token') this.#context.llmMs = event.waitedMs;
    if (event.kind !== 'ended' || event.call === null) return;
    this.#context.llmMs = event.call.endedAt - event.call.startedAt;
  }
}
