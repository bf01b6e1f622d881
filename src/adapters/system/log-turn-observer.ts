import type { TurnEvent, TurnObserver } from '#src/application/ports/chat/turn-observer.js';
import type { Logger } from '#src/application/ports/system/logger.js';

/** One line of the log for each turn, at `info`, when it has ended or was replayed. */
export class LogTurnObserver implements TurnObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  observe(event: TurnEvent): void {
    if (event.kind === 'replayed') this.#logger.info({ ...event.turn }, 'turn replayed');
    if (event.kind !== 'ended') return;
    const { turn, outcome } = event;
    const usage = outcome.status === 'completed' ? { model: outcome.model, usage: outcome.usage } : {};
    const code = outcome.status === 'failed' ? { code: outcome.code } : {};
    this.#logger.info({ ...turn, outcome: outcome.status, ...usage, ...code }, 'turn');
  }
}
