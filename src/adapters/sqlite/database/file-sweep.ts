import type { SqliteConnection } from './sqlite-connection.js';

export interface SweepDelays {
  /** How long what was deleted or overwritten stays in the write-ahead log, in milliseconds. */
  readonly truncateAfterMs: number;
  /**
   * How long stray copies of deleted rows stay in the file, in milliseconds, and so the least time between two rewrites:
   * each keeps every write waiting.
   */
  readonly compactAfterMs: number;
}

interface FileSweepOptions extends SweepDelays {
  /** Runs the task to its end on the writing connection, when it is free; false when it failed. */
  readonly write: (task: (writer: SqliteConnection) => Promise<boolean>) => Promise<boolean>;
}

/** Delays double with each failure, up to this many times their length. */
const MAX_GROWTH = 8;

/**
 * Takes out of the files what is no longer in the database. SQLite zeroes what it deletes (`secure_delete`), but the
 * write-ahead log keeps old pages until it is truncated, and pages that were split may keep copies of rows that moved,
 * which only a rewrite of the file removes. Both follow a write by themselves, off its path, and are tried again, after
 * ever longer delays, when they fail or another process keeps them from it.
 */
export class FileSweep {
  readonly #options: FileSweepOptions;
  #truncation: NodeJS.Timeout | undefined;
  #compaction: NodeJS.Timeout | undefined;
  #failedTruncations = 0;
  #failedCompactions = 0;
  #isFinished = false;

  constructor(options: FileSweepOptions) {
    this.#options = options;
  }

  /** Something was written. */
  noteWrite(): void {
    if (this.#isFinished) return;
    this.#truncation ??= setTimeout(
      async () => {
        const done = await this.#options.write((writer) => writer.truncateLog());
        this.#truncation = undefined;
        this.#failedTruncations = done ? 0 : this.#failedTruncations + 1;
        if (!done) this.noteWrite();
      },
      grown(this.#options.truncateAfterMs, this.#failedTruncations),
    ).unref();
  }

  /** Something was deleted or overwritten that must not stay readable. */
  noteErasure(): void {
    if (this.#isFinished) return;
    this.#compaction ??= setTimeout(
      async () => {
        const done = await this.#options.write((writer) => writer.compact());
        this.#compaction = undefined;
        this.#failedCompactions = done ? 0 : this.#failedCompactions + 1;
        // The rewrite goes through the log, which a reader may have kept it from emptying.
        this.noteWrite();
        if (!done) this.noteErasure();
      },
      grown(this.#options.compactAfterMs, this.#failedCompactions),
    ).unref();
  }

  /** For the end: nothing runs by itself any more. What is due is done by `writer`, if it can be done at once. */
  async finish(writer: SqliteConnection): Promise<void> {
    this.#isFinished = true;
    clearTimeout(this.#truncation);
    clearTimeout(this.#compaction);
    if (this.#compaction !== undefined) await writer.compact().catch(() => false);
    await writer.truncateLog().catch(() => false);
  }
}

function grown(delayMs: number, failures: number): number {
  return delayMs * Math.min(2 ** failures, MAX_GROWTH);
}
