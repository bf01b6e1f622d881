export interface CollectorOptions<Row> {
  /** Rows between two writes; a new one beyond them is dropped. */
  readonly maxWaiting: number;
  /** Of two rows with one key. */
  readonly merge: (noted: Row, row: Row) => Row;
  readonly write: (rows: readonly Row[]) => Promise<void>;
  /** What becomes of rows that could not be written. */
  readonly afterFailure: 'keep' | 'drop';
}

/** Collects rows, so that no request waits for their write. What is noted is lost when the process dies before a flush. */
export class Collector<Row> {
  readonly #options: CollectorOptions<Row>;
  #waiting = new Map<string, Row>();
  #running: Promise<void> = Promise.resolve();
  /** Behind the running one; whoever comes meanwhile joins it. */
  #next: Promise<void> | null = null;

  constructor(options: CollectorOptions<Row>) {
    this.#options = options;
  }

  note(key: string, row: Row): void {
    const { maxWaiting, merge } = this.#options;
    const noted = this.#waiting.get(key);
    if (noted === undefined && this.#waiting.size >= maxWaiting) return;
    this.#waiting.set(key, noted === undefined ? row : merge(noted, row));
  }

  /** When it resolves, everything that was noted before is written, one write at a time. @throws what the write throws. */
  flush(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      const written = this.#write();
      this.#running = written.catch(() => undefined);
      return written;
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const rows = this.#waiting;
    this.#waiting = new Map();
    try {
      await this.#options.write([...rows.values()]);
    } catch (error) {
      if (this.#options.afterFailure === 'keep') for (const [key, row] of rows) this.note(key, row);
      throw error;
    }
  }
}
