import { sleep } from '#src/application/async/sleep.js';
import type { RunStatement } from './sqlite-connection.js';

/** For how long a look at the file is believed. */
const VERSION_TTL_MS = 100;
/** Timers may come a little early. */
const MARGIN_MS = 10;

/**
 * Detects whether what was read a while ago may have changed since: at once of this process's own writes, within 100 ms
 * and the time of one read of those of other processes (sqlite.org/pragma.html#pragma_data_version).
 */
export class ChangeDetector {
  readonly #read: RunStatement;
  /** Moves on with every write; rows that were read under the same number are as they were. */
  epoch = 0;
  #seen: number | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;

  constructor(read: RunStatement) {
    this.#read = read;
  }

  /** For a write of this process, when it has ended, however it ended. */
  bump(): void {
    this.epoch += 1;
  }

  /** Resolves when what this process has written is seen by all others. */
  async visibleEverywhere(): Promise<void> {
    await sleep(VERSION_TTL_MS + MARGIN_MS);
  }

  /** For the end: every later question has to read, and fails. */
  retire(): void {
    this.bump();
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Null when the last look is recent enough. @throws what `read` throws. */
  look(): Promise<void> | null {
    if (performance.now() - this.#lookedAtMs < VERSION_TTL_MS) return null;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const beganMs = performance.now();
    const [row] = await this.#read<{ data_version: number }>('PRAGMA data_version');
    if (row?.data_version !== this.#seen) this.bump();
    this.#seen = row?.data_version;
    this.#lookedAtMs = beganMs;
  }
}
