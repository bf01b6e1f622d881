export interface RepeatedTaskOptions {
  readonly intervalMs: number;
  /** Never rejects. */
  readonly run: () => Promise<void>;
}

/** Repeats a task until it is stopped, one run at a time: an interval that ends while one runs is skipped. */
export class RepeatedTask {
  readonly #options: RepeatedTaskOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;

  constructor(options: RepeatedTaskOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#running === null) void this.#run();
    }, this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stops, with a last run behind the one that may be under way. */
  async finish(): Promise<void> {
    this.stop();
    await this.#running;
    await this.#run();
  }

  #run(): Promise<void> {
    this.#running = this.#options.run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }
}
