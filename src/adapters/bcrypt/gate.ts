import { AppError } from '#src/domain/app-error.js';

export interface GateOptions {
  readonly maxConcurrent: number;
  readonly maxWaiting: number;
}

/** Lets a few pieces of work run at a time; some wait in order of arrival, the rest is refused. */
export class Gate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly options: GateOptions) {}

  /** @throws AppError `overloaded` when too many wait already; whatever the work throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.options.maxConcurrent) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.options.maxWaiting) throw new AppError('overloaded');
    await new Promise<void>((admit) => {
      this.#waiting.push(admit);
    });
  }

  /** A waiting one takes over the place, so that nobody who comes later slips in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
