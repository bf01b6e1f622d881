import type { ObservedTurn, TurnEvent, TurnObserver } from '../ports/chat/turn-observer.js';
import type { Clock } from '../ports/system/clock.js';
import type { Logger } from '../ports/system/logger.js';
import { TurnReport } from './turn-report.js';

interface Dependencies {
  readonly observers: readonly TurnObserver[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one place that notifies observers: whatever an observer does harms no turn and no other observer. */
export class TurnObservers {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** @param own observes this turn alone, before the others. */
  open(turn: ObservedTurn, own?: TurnObserver): TurnReport {
    const report = new TurnReport(turn, this.#deps.clock, (event) => this.#notify(event, own));
    this.#notify({ kind: 'opened', turn }, own);
    return report;
  }

  replayed(turn: ObservedTurn, own?: TurnObserver): void {
    this.#notify({ kind: 'replayed', turn }, own);
  }

  #notify(event: TurnEvent, own: TurnObserver | undefined): void {
    if (own !== undefined) this.#notifyOne(own, event);
    for (const observer of this.#deps.observers) this.#notifyOne(observer, event);
  }

  #notifyOne(observer: TurnObserver, event: TurnEvent): void {
    const failed = (error: unknown) => this.#reportFailure(observer, event, error);
    try {
      // TypeScript lets a method that is declared to return nothing be an asynchronous one.
      const returned: unknown = observer.observe(event);
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The error's own words may hold a text that the observer was shown. */
  #reportFailure(observer: TurnObserver, { kind, turn }: TurnEvent, error: unknown): void {
    this.#deps.logger.error(
      {
        observer: observer.constructor.name,
        event: kind,
        error: error instanceof Error ? error.name : typeof error,
        turnId: turn.turnId,
      },
      'a turn observer failed',
    );
  }
}
