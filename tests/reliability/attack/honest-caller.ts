import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { percentile } from '#tests/support/assertions/statistics.js';

export interface HonestPlan {
  /** With its path. */
  readonly url: string;
  readonly everyMs: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; more than one are sent in turn. */
  readonly bodies?: readonly object[];
  /** The address that it comes from; of its own accord one that no attacker has. */
  readonly from?: string;
  /** Default 200. */
  readonly expectedStatus?: number;
}

/** What the thread reports. A call without the expected answer has failed; its time counts all the same. */
export interface HonestReport {
  readonly times: Float64Array;
  /** What failed calls got instead, by status or error. */
  readonly failures: Readonly<Record<string, number>>;
}

const OWN_ADDRESS = '127.0.0.99';

/** What a caller without fault sees meanwhile. */
export class HonestFigures {
  readonly #report: HonestReport;
  readonly #sorted: Float64Array;

  constructor(report: HonestReport) {
    this.#report = report;
    this.#sorted = report.times.slice().sort();
  }

  get calls(): number {
    return this.#sorted.length;
  }

  get failed(): number {
    return Object.values(this.#report.failures).reduce((sum, count) => sum + count, 0);
  }

  get failures(): string {
    return JSON.stringify(this.#report.failures);
  }

  get worstMs(): number {
    return percentile(this.#sorted, 1);
  }

  get p99Ms(): number {
    return percentile(this.#sorted, 0.99);
  }
}

/**
 * One call after every interval, whatever becomes of those before, each on a connection of its own, from a thread of its
 * own: the attack, which keeps this thread busy, does not show in the times.
 */
export class HonestCaller {
  readonly #worker: Worker;

  constructor(plan: HonestPlan) {
    const thread = new URL('./honest-caller-thread.js', import.meta.url);
    this.#worker = new Worker(thread, { workerData: { from: OWN_ADDRESS, ...plan } });
  }

  /** Resolves when its first call has been answered, or has failed. */
  async hasBegun(): Promise<void> {
    await once(this.#worker, 'message');
  }

  /** Begins no further call, waits for those under way, and reports. */
  async stop(): Promise<HonestFigures> {
    const reported = new Promise<HonestReport>((resolve, reject) => {
      this.#worker.on('message', (message: HonestReport | 'begun') => {
        if (message !== 'begun') resolve(message);
      });
      this.#worker.once('error', reject);
    });
    this.#worker.postMessage('stop');
    const report = await reported;
    await this.terminate();
    return new HonestFigures(report);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
