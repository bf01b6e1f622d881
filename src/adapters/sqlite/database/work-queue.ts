import { onDeadline } from '#src/application/async/deadline.js';
import { inTime } from '#src/application/async/in-time.js';
import { AppError } from '#src/domain/errors.js';

export interface WorkQueueBounds {
  /** How many may wait behind the one that runs. */
  readonly maxWaiting: number;
  /** From the call to the answer, waiting included, in milliseconds. */
  readonly timeoutMs: number;
}

/** One task at a time, in order of arrival, because statements of two transactions must not mix on one connection. */
export class WorkQueue {
  readonly #bounds: WorkQueueBounds;
  readonly #waiting: (() => void)[] = [];
  #busy = false;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(bounds: WorkQueueBounds) {
    this.#bounds = bounds;
  }

  /**
   * A task that is late before it starts never starts; one that runs cannot be stopped, but learns by `isLate`
   * that nobody waits for it any more, and keeps the others out until it ends.
   * @throws AppError `overloaded` when too many wait; `database_unavailable` when it is late or the queue is closed.
   */
  run<T>(task: (isLate: () => boolean) => Promise<T>): Promise<T> {
    return this.#take(task, 'to the answer');
  }

  /**
   * As {@link run}, but the deadline is for the wait alone: a task that has begun is waited for to its end, however late.
   */
  runToEnd<T>(task: () => Promise<T>): Promise<T> {
    return this.#take(task, 'to the start');
  }

  #take<T>(task: (isLate: () => boolean) => Promise<T>, timed: 'to the start' | 'to the answer'): Promise<T> {
    if (this.#closed) return Promise.reject(unavailable('the database is closed'));
    const { maxWaiting, timeoutMs } = this.#bounds;
    if (this.#waiting.length >= maxWaiting) return Promise.reject(new AppError('overloaded'));
    return new Promise((resolve, reject) => {
      let late = false;
      const start = () => {
        this.#busy = true;
        if (timed === 'to the start') stopTiming();
        void task(() => late)
          .then(resolve, reject)
          .then(() => {
            stopTiming();
            this.#next();
          });
      };
      const tooLate = () => unavailable(`no answer within ${timeoutMs} ms`);
      const stopTiming = onDeadline(timeoutMs, tooLate, null, (reason) => {
        late = true;
        const place = this.#waiting.indexOf(start);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(reason);
      });
      if (this.#busy) this.#waiting.push(start);
      else start();
    });
  }

  /**
   * Takes nothing new and resolves when all that was taken has ended.
   * @throws AppError `database_unavailable` when a task still runs after the time that each one has.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#busy) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await inTime(this.#bounds.timeoutMs, idle, () => {
      throw unavailable('a statement does not end');
    });
  }

  #next(): void {
    const start = this.#waiting.shift();
    if (start !== undefined) {
      start();
      return;
    }
    this.#busy = false;
    this.#onIdle?.();
  }
}

function unavailable(reason: string): AppError {
  return new AppError('database_unavailable', { cause: new Error(reason) });
}
