import { inTime } from '#src/application/async/in-time.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import { nodeCodeOf, type OpenedFile } from './opened-file.js';
import { sqliteCodeOf } from './sqlite-error.js';

interface DatabaseConditionOptions {
  readonly file: Pick<OpenedFile, 'path' | 'isInPlace'>;
  readonly logger: Logger | undefined;
}

/** How often the file is looked after while nothing is written. */
const LOOK_MS = 1000;

/** A look that takes so long is reported as one that cannot tell. */
const LOOK_TIMEOUT_MS = 5000;

const DAMAGE: ReadonlySet<string | null> = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** What is known of the file beside its answers. Each turn for the worse, or back, is one line in the log, with the path. */
export class DatabaseCondition {
  readonly #options: DatabaseConditionOptions;
  #isInPlace = true;
  #isDamaged = false;
  /** Of the last write that failed, until one succeeds. */
  #writeFault: string | null = null;
  /** Of the last look, when it failed. */
  #lookFault: string | null = null;
  /** Under way or over. One at a time, so that none overwrites what a newer one has seen. */
  #lastLook: Promise<void> = Promise.resolve();
  /** Not yet begun. */
  #nextLook: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: DatabaseConditionOptions) {
    this.#options = options;
  }

  /** Looks once a second, until `stopWatching`. */
  watch(): void {
    this.#watch = setTimeout(async () => {
      await this.look(LOOK_TIMEOUT_MS).catch(() => undefined);
      if (this.#watch !== undefined) this.watch();
    }, LOOK_MS).unref();
  }

  stopWatching(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  /** Damage stays: what SQLite has met once is met again, or worse, was read over. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** @returns how long ago a write was last known to succeed, in milliseconds; infinite since one failed. */
  get unwrittenMs(): number {
    return performance.now() - this.#writtenAtMs;
  }

  /** @throws AppError `database_unavailable` when the file was not in place at the last look. */
  assertInPlace(): void {
    if (this.#isInPlace) return;
    throw unavailable('the file that is open is not the one at its path');
  }

  /**
   * The look begins after the call, so that it sees what became of a write that is durable by then. Those who call while
   * one is under way share the next.
   * @param timeoutMs how long it may take, with the one that is under way.
   * @throws as {@link assertInPlace}, after the look; AppError `database_unavailable` when it does not end in time.
   */
  async look(timeoutMs: number): Promise<void> {
    this.#nextLook ??= this.#lastLook.then(() => {
      this.#nextLook = undefined;
      this.#lastLook = this.#lookNow();
      return this.#lastLook;
    });
    await inTime(timeoutMs, this.#nextLook, () => {
      throw unavailable('whether the file is in place could not be told in time');
    });
    this.assertInPlace();
  }

  async #lookNow(): Promise<void> {
    const { file, logger } = this.#options;
    // By its own time: whoever waits for it may have had little left.
    const timer = setTimeout(() => this.#noteLookFault('ETIMEDOUT'), LOOK_TIMEOUT_MS).unref();
    const isInPlace = await file.isInPlace().catch((error: unknown) => nodeCodeOf(error) ?? 'unknown');
    clearTimeout(timer);
    if (typeof isInPlace === 'string') {
      this.#noteLookFault(isInPlace);
      return;
    }
    if (this.#lookFault !== null) {
      this.#lookFault = null;
      logger?.info({ database: file.path }, 'whether the database file is in place can be told again');
    }
    if (isInPlace === this.#isInPlace) return;
    this.#isInPlace = isInPlace;
    if (isInPlace) logger?.info({ database: file.path }, 'the database file is back in place');
    else {
      logger?.error(
        { database: file.path },
        'the database file was removed or replaced while it is open: put it back, or restore a backup and start again',
      );
    }
  }

  /** What was seen last stays: a file that cannot be looked at is not known to be gone. */
  #noteLookFault(code: string): void {
    if (this.#lookFault === code) return;
    this.#lookFault = code;
    this.#options.logger?.warn(
      { database: this.#options.file.path, code },
      'whether the database file is still in place cannot be told',
    );
  }

  noteWritten(): void {
    this.#writtenAtMs = performance.now();
    if (this.#writeFault === null) return;
    this.#writeFault = null;
    this.#options.logger?.info({ database: this.#options.file.path }, 'the database can be written again');
  }

  noteFailedWrite(error: unknown): void {
    this.noteFailure(error);
    const code = sqliteCodeOf(error);
    if (code === null || code === 'SQLITE_CONSTRAINT') return;
    this.#writtenAtMs = Number.NEGATIVE_INFINITY;
    if (this.#writeFault !== code) {
      this.#options.logger?.error(
        { database: this.#options.file.path, code },
        'the database cannot be written',
      );
    }
    this.#writeFault = code;
  }

  noteFailure(error: unknown): void {
    const code = sqliteCodeOf(error);
    if (!DAMAGE.has(code) || this.#isDamaged) return;
    this.#isDamaged = true;
    this.#options.logger?.error(
      { database: this.#options.file.path, code },
      'the database file is damaged: stop the service and restore a backup',
    );
  }
}

export function unavailable(reason: string): AppError {
  return new AppError('database_unavailable', { cause: new Error(reason) });
}
