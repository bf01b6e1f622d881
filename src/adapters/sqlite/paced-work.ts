import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

interface Pace {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  readonly rest: (ms: number) => Promise<unknown>;
}

const REAL_PACE: Pace = {
  nowMs: () => performance.now(),
  rest: (ms) => delay(ms, undefined, { ref: false }),
};

/** How much longer the rest is than the work before it. */
const REST_PER_WORK = 3;

/** A single slow piece, of a stuck disk for example, must not hold up those behind it any longer than it did itself. */
const MAX_REST_MS = 250;

/** What the task of a party is taken to cost that is not known: more than a cheap one, and less than a dear one. */
const UNKNOWN_WORK_MS = 5;

const MAX_KNOWN_PARTIES = 10_000;

/** Measures what a task does. What it waits for between its parts is others' work, and is not counted. */
export class WorkMeter {
  readonly #nowMs: () => number;
  #workMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get workMs(): number {
    return this.#workMs;
  }

  /** @param part on the thread, or what another thread does until its promise settles. */
  async measure<T>(part: () => T): Promise<Awaited<T>> {
    const startedMs = this.#nowMs();
    try {
      return await part();
    } finally {
      this.#workMs += this.#nowMs() - startedMs;
    }
  }
}

interface Waiting {
  /** The end of the party's last task, or the virtual time when it came, whichever is later. */
  readonly from: number;
  /** By which its task should be over. */
  readonly due: number;
  start(): void;
}

interface Party {
  /** The end of its last task, in virtual time. */
  readonly end: number;
  /** What that took. */
  readonly workMs: number;
}

/**
 * One task at a time, and after each a rest three times as long as its work, so that most of the time is left for others
 * however many are asked for. Parties take turns by what their tasks cost (fair queueing, with the last task as the
 * estimate of the next): a cheap one waits for the task that runs, and not for the dear ones that wait.
 */
export class PacedWork {
  readonly #pace: Pace;
  /** In order of arrival. */
  readonly #waiting: Waiting[] = [];
  readonly #parties = new LRUCache<string, Party>({ max: MAX_KNOWN_PARTIES });
  /** Virtual time, in milliseconds of work: never goes back, and stands still while nobody asks. */
  #now = 0;
  #isBusy = false;

  constructor(pace: Pace = REAL_PACE) {
    this.#pace = pace;
  }

  /**
   * @param party on whose behalf it is done.
   * @param task has its work counted by the meter. Its result is there before the rest begins.
   */
  run<T>(party: string, task: (meter: WorkMeter) => Promise<T>): Promise<T> {
    const { end, workMs } = this.#parties.get(party) ?? { end: 0, workMs: UNKNOWN_WORK_MS };
    const from = Math.max(this.#now, end);
    return new Promise((resolve, reject) => {
      const start = async () => {
        const meter = new WorkMeter(this.#pace.nowMs);
        // Noted before anybody hears of the result, and asks for the next.
        const noted = task(meter).finally(() => this.#note(party, from, meter.workMs));
        await noted.then(resolve, reject);
        if (meter.workMs > 0) await this.#pace.rest(Math.min(MAX_REST_MS, REST_PER_WORK * meter.workMs));
        this.#next();
      };
      this.#waiting.push({ from, due: from + workMs, start });
      if (!this.#isBusy) this.#next();
    });
  }

  #note(party: string, from: number, workMs: number): void {
    if (workMs > 0) this.#parties.set(party, { end: from + workMs, workMs });
  }

  #next(): void {
    const earliest = Math.min(...this.#waiting.map(({ due }) => due));
    const place = this.#waiting.findIndex(({ due }) => due === earliest);
    const [next] = place < 0 ? [] : this.#waiting.splice(place, 1);
    this.#isBusy = next !== undefined;
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next.from);
    next.start();
  }
}
