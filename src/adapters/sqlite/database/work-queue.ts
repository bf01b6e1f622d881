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
   * A task that is late before it starts never starts; one that runs cannot be stopped, but is told by `isLate`
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
    if (this.#waiting.length >= this.#bounds.maxWaiting) return Promise.reject(new AppError('overloaded'));
    return new Promise((resolve, reject) => {
      let late = false;
      const start = () => {
        this.#busy = true;
        if (timed === 'to the start') clearTimeout(timer);
        void task(() => late)
          .then(resolve, reject)
          .then(() => {
            clearTimeout(timer);
            this.#next();
          });
      };
      const timer = setTimeout(() => {
        late = true;
        const place = this.#waiting.indexOf(start);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(unavailable(`no answer within ${this.#bounds.timeoutMs} ms`));
      }, this.#bounds.timeoutMs);
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
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable('a statement does not end')), this.#bounds.timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
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
