import { inTime } from '#src/application/async/in-time.js';

/** What a start is at, and whether anybody still wants it. */
export class StartProgress {
  readonly #signal: AbortSignal;
  #step = 'the beginning';

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** In words for the operator. */
  get step(): string {
    return this.#step;
  }

  /** @throws the signal's reason when the start is not wanted any more: what is open by now is closed, and no more is opened. */
  begin(step: string): void {
    this.#signal.throwIfAborted();
    this.#step = step;
  }
}

export type StartOutcome<T> =
  | { readonly kind: 'started'; readonly value: T }
  /** `hangs`: it did not give way, and may keep a thread of the process for ever. */
  | { readonly kind: 'stopped'; readonly hangs: boolean };

export interface StartBounds {
  readonly timeoutMs: number;
  /** Resolves when the process is to end. */
  readonly stopped: Promise<unknown>;
  /** How long a start that is not wanted any more may take to close what it has opened. Default 2,000. */
  readonly givesWayWithinMs?: number;
}

/** A start that hangs; its message names the step. */
export class StartTimeout extends Error {
  constructor(step: string, timeoutMs: number) {
    super(`It has not started within ${timeoutMs / 1000} s: it hangs at ${step}.`);
    this.name = 'StartTimeout';
  }
}

/** @throws StartTimeout; whatever the start throws. */
export async function startWithin<T>(
  start: (progress: StartProgress) => Promise<T>,
  { timeoutMs, stopped, givesWayWithinMs = 2000 }: StartBounds,
): Promise<StartOutcome<T>> {
  const wanted = new AbortController();
  const progress = new StartProgress(wanted.signal);
  const starting = start(progress).then((value) => ({ kind: 'started', value }) as const);
  try {
    const startedOrStopped = Promise.race([starting, stopped.then(() => 'stopped' as const)]);
    const first = await inTime(timeoutMs, startedOrStopped, () => {
      throw new StartTimeout(progress.step, timeoutMs);
    });
    if (first !== 'stopped') return first;
    wanted.abort(new Error('The start was stopped.'));
    const gaveWay = starting.catch((): StartOutcome<T> => ({ kind: 'stopped', hangs: false }));
    return await inTime(givesWayWithinMs, gaveWay, () => ({ kind: 'stopped', hangs: true }));
  } finally {
    starting.catch(() => undefined);
  }
}
