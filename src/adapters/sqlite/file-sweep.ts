import type { SqliteConnection } from './sqlite-connection.js';

export interface SweepDelays {
  /** How long what was deleted or overwritten stays in the write-ahead log, in milliseconds. */
  readonly truncateAfterMs: number;
  /** How long stray copies of deleted rows stay in the file, in milliseconds. */
  readonly compactAfterMs: number;
}

interface FileSweepOptions extends SweepDelays {
  /** Runs the task on the writing connection, when it is free; false when it failed. */
  readonly write: (task: (writer: SqliteConnection) => Promise<boolean>) => Promise<boolean>;
}

/**
 * Takes out of the files what is no longer in the database. SQLite zeroes what it deletes (`secure_delete`), but the
 * write-ahead log keeps old pages until it is truncated, and pages that were split may keep copies of rows that moved,
 * which only a rewrite of the file removes. Both follow a write by themselves, off its path, and are tried again when
 * another process keeps them from it.
 */
export class FileSweep {
  #truncation: NodeJS.Timeout | undefined;
  #compaction: NodeJS.Timeout | undefined;
  #isFinished = false;

  constructor(private readonly options: FileSweepOptions) {}

  /** Something was written. */
  noteWrite(): void {
    if (this.#isFinished) return;
    this.#truncation ??= setTimeout(async () => {
      const done = await this.options.write((writer) => writer.truncateLog());
      this.#truncation = undefined;
      if (!done) this.noteWrite();
    }, this.options.truncateAfterMs).unref();
  }

  /** Something was deleted or overwritten that must not stay readable. */
  noteErasure(): void {
    if (this.#isFinished) return;
    this.#compaction ??= setTimeout(async () => {
      const done = await this.options.write((writer) => writer.compact());
      this.#compaction = undefined;
      if (!done) this.noteErasure();
    }, this.options.compactAfterMs).unref();
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
