import type { TurnEvent, TurnObserver } from '#src/application/ports/chat/turn-observer.js';
import type { Clock } from '#src/application/ports/system/clock.js';
import type { IdGenerator } from '#src/application/ports/system/id-generator.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { DroppedTraces } from './dropped-traces.js';
import type { LangSmithAddress, LangSmithConnection } from './langsmith-connection.js';
import { type TraceBounds, TraceQueue } from './trace-queue.js';

export interface LangSmithTurnObserverOptions extends LangSmithAddress {
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly logger: Logger;
  readonly bounds?: Partial<TraceBounds>;
}

/** How long a closing service waits for the last traces. */
const FLUSH_MS = 2000;

/**
 * Tells LangSmith of every turn that asked a model, whatever came of it, once the turn is over. Turns neither wait for
 * LangSmith nor learn how it fares.
 */
export class LangSmithTurnObserver implements TurnObserver {
  readonly #options: LangSmithTurnObserverOptions;
  readonly #queue: TraceQueue;
  #loading: Promise<LangSmithConnection> | null = null;

  constructor(options: LangSmithTurnObserverOptions) {
    this.#options = options;
    const { clock, logger, bounds } = options;
    this.#queue = new TraceQueue({
      sink: { send: async (calls, signal) => (await this.#connect()).send(calls, signal) },
      dropped: new DroppedTraces(clock, logger),
      ...(bounds === undefined ? {} : { bounds }),
    });
  }

  observe(event: TurnEvent): void {
    if (event.kind !== 'ended' || event.call === null) return;
    this.#queue.add({ ...event.call, id: this.#options.ids.next() });
  }

  /** Loads `langsmith`, which takes a tenth of a second, before the first trace has to. */
  async warmUp(): Promise<void> {
    await this.#connect();
  }

  /** Sends what waits, within two seconds, and drops the rest. */
  async close(): Promise<void> {
    await this.#queue.close(FLUSH_MS);
    await (await this.#loading)?.close();
  }

  #connect(): Promise<LangSmithConnection> {
    const { apiKey, endpoint, project } = this.#options;
    this.#loading ??= import('./langsmith-connection.js').then(
      (loaded) => new loaded.LangSmithConnection({ apiKey, endpoint, project }),
    );
    return this.#loading;
  }
}
