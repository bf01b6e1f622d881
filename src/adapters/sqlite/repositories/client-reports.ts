import { WorkQueue, type WorkQueueBounds } from '../database/work-queue.js';

interface Line {
  readonly queue: WorkQueue;
  /** Reports that run, also past their deadline, or wait. */
  count: number;
}

/** One report of each client at a time, so that whoever asks for many makes nobody wait but itself. */
export class ClientReports {
  readonly #bounds: WorkQueueBounds;
  readonly #lines = new Map<string, Line>();

  constructor(bounds: WorkQueueBounds) {
    this.#bounds = bounds;
  }

  /**
   * @param report learns by `isLate` that nobody waits for it any more.
   * @throws AppError `overloaded` when too many of the client's wait; `database_unavailable` when it is late.
   */
  async run<T>(clientId: string, report: (isLate: () => boolean) => Promise<T>): Promise<T> {
    const line = this.#lines.get(clientId) ?? { queue: new WorkQueue(this.#bounds), count: 0 };
    this.#lines.set(clientId, line);
    line.count += 1;
    const leave = () => {
      line.count -= 1;
      if (line.count === 0) this.#lines.delete(clientId);
    };
    let hasBegun = false;
    try {
      return await line.queue.run((isLate) => {
        hasBegun = true;
        return report(isLate).finally(leave);
      });
    } finally {
      if (!hasBegun) leave();
    }
  }
}
