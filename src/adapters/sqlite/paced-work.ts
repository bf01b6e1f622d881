import { setTimeout as delay } from 'node:timers/promises';

interface Pace {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  readonly rest: (ms: number) => Promise<unknown>;
}

const REAL_PACE: Pace = {
  nowMs: () => performance.now(),
  rest: (ms) => delay(ms, undefined, { ref: false }),
};

/** How much longer the rest is than the task before it. */
const REST_PER_WORK = 3;

/**
 * One task at a time, in order of arrival, and after each a rest: however many are asked for, three quarters of the time
 * are left for others, and the result of one is sent before the next begins.
 */
export class PacedWork {
  readonly #pace: Pace;
  #free: Promise<unknown> = Promise.resolve();

  constructor(pace: Pace = REAL_PACE) {
    this.#pace = pace;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    let startedMs = 0;
    const result = this.#free.then(() => {
      startedMs = this.#pace.nowMs();
      return task();
    });
    this.#free = result
      .catch(() => undefined)
      .then(() => this.#pace.rest(REST_PER_WORK * (this.#pace.nowMs() - startedMs)));
    return result;
  }
}
