import { resolve } from 'node:path';
import type { Logger } from '#src/application/ports/system/logger.js';
import { MIGRATIONS } from '../migrations/migrations.js';
import { ChangeDetector } from './change-detector.js';
import { DatabaseCondition, unavailable } from './database-condition.js';
import { FileSweep, type SweepDelays } from './file-sweep.js';
import { migrate } from './migrate.js';
import { OpenedFile } from './opened-file.js';
import { prepareFile } from './prepare-file.js';
import { type RunStatement, SqliteConnection, type SqlValue } from './sqlite-connection.js';
import { translateError } from './sqlite-error.js';
import { WorkQueue } from './work-queue.js';

export interface SqliteDatabaseOptions extends Partial<SweepDelays> {
  /** How long one call may take, its waiting included, in milliseconds. 5,000 when absent. */
  readonly timeoutMs?: number;
  /** Writes waiting behind the one that runs. 1,000 when absent. */
  readonly maxWaitingWrites?: number;
  /** Reads waiting behind the one that runs. 10,000 when absent. */
  readonly maxWaitingReads?: number;
  /** Statements of reports waiting behind the one that runs. 1,000 when absent. */
  readonly maxWaitingReports?: number;
  /** Called, with the path, when the file is gone, damaged or cannot be written. */
  readonly logger?: Logger;
}

/** For how long health believes that what could be written still can. */
const WRITABLE_FOR_MS = 5000;

const PROBE = `
  INSERT INTO meta (key, value) VALUES ('write_probe', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

interface OpenedConnections {
  readonly file: OpenedFile;
  readonly reader: SqliteConnection;
  readonly reporter: SqliteConnection;
  readonly writer: SqliteConnection;
}

/**
 * One SQLite file: a connection that writes, one that reads beside it (WAL), and one for reports, which no turn waits
 * for. Each does one thing at a time, so that a stuck disk holds three of the pool's four threads and no more.
 *
 * Every call rejects with AppError `database_unavailable` when SQLite fails, the database is closed or the deadline
 * passes, and with `overloaded` when too many wait. A write that met its deadline while it waited was not done. One
 * that ran by then may have been done, except a transaction that had not come to its COMMIT: that is undone.
 *
 * A write resolves only when its path still named the open file after it was durable; the look at it is within the
 * deadline too. A second after the file was
 * removed or replaced, or with the next write, every call rejects, until it is back.
 */
export class SqliteDatabase {
  readonly #opened: OpenedConnections;
  readonly #reads: WorkQueue;
  readonly #writes: WorkQueue;
  readonly #reports: WorkQueue;
  /** Of what `read` gives. */
  readonly version = new ChangeDetector((sql, params) => this.read(sql, params));
  #closing: Promise<void> | undefined;
  #probing: Promise<unknown> | undefined;

  readonly #timeoutMs: number;
  readonly #condition: DatabaseCondition;
  readonly #sweep: FileSweep;

  private constructor(opened: OpenedConnections, options: SqliteDatabaseOptions) {
    this.#opened = opened;
    this.#condition = new DatabaseCondition({ file: opened.file, logger: options.logger });
    this.#condition.watch();
    this.#sweep = new FileSweep({
      truncateAfterMs: options.truncateAfterMs ?? 5000,
      compactAfterMs: options.compactAfterMs ?? 3_600_000,
      write: (task) => this.#sweeping(task),
    });
    const timeoutMs = options.timeoutMs ?? 5000;
    this.#timeoutMs = timeoutMs;
    this.#reads = new WorkQueue({ maxWaiting: options.maxWaitingReads ?? 10_000, timeoutMs });
    this.#writes = new WorkQueue({ maxWaiting: options.maxWaitingWrites ?? 1000, timeoutMs });
    this.#reports = new WorkQueue({ maxWaiting: options.maxWaitingReports ?? 1000, timeoutMs });
  }

  /**
   * Makes what is missing, the folder (mode 0700) and the file (0600), and brings the schema up to date.
   * @throws Error with a sentence for the operator, who reads it at the start; it names the path.
   */
  static async open(path: string, options: SqliteDatabaseOptions = {}): Promise<SqliteDatabase> {
    const file = resolve(path);
    const opened: SqliteConnection[] = [];
    try {
      prepareFile(file);
      const writer = await SqliteConnection.open(file, 'write');
      opened.push(writer);
      await migrate(writer, MIGRATIONS);
      // What a process that was killed, or one without `secure_delete`, has left.
      const failure: unknown = await writer
        .compact()
        .then(() => writer.truncateLog())
        .catch((error: unknown) => error);
      const reader = await SqliteConnection.open(file, 'read');
      opened.push(reader);
      const reporter = await SqliteConnection.open(file, 'read');
      opened.push(reporter);
      const database = new SqliteDatabase(
        { file: await OpenedFile.at(file), reader, reporter, writer },
        options,
      );
      database.#condition.noteFailure(failure);
      return database;
    } catch (error) {
      for (const connection of opened) await connection.close();
      const reason = error instanceof Error ? error.message : 'unknown';
      throw new Error(`The database ${file} cannot be opened: ${reason}.`, { cause: error });
    }
  }

  /** Sees everything that was written before the call. */
  readonly read: RunStatement = <Row>(sql: string, params?: readonly SqlValue[]) =>
    this.#reading(() => this.#reads.run(() => this.#opened.reader.run<Row>(sql, params)));

  /** As {@link read}, beside it: for what may take longer than a turn can wait, statement by statement. */
  readonly report: RunStatement = <Row>(sql: string, params?: readonly SqlValue[]) =>
    this.#reading(() => this.#reports.run(() => this.#opened.reporter.run<Row>(sql, params)));

  /** One statement, durable when it resolves. */
  readonly write: RunStatement = <Row>(sql: string, params?: readonly SqlValue[]) =>
    this.#writing(() => this.#opened.writer.run<Row>(sql, params));

  /** As {@link write}, for what deletes or replaces something that must not stay readable in the file. */
  readonly erase: RunStatement = <Row>(sql: string, params?: readonly SqlValue[]) =>
    this.#writing(() =>
      // Also when it failed or nobody waits any more, as in #changing.
      this.#opened.writer.run<Row>(sql, params).finally(() => this.#sweep.noteErasure()),
    );

  /** All statements of `task` or none, durable when it resolves; an error of `task` undoes them. */
  transaction<T>(task: (run: RunStatement) => Promise<T>): Promise<T> {
    return this.#writing((isLate) => this.#opened.writer.transaction(task, () => !isLate()));
  }

  /**
   * Whether it can be read and written, in so far as that is known: what was written within the last five seconds is
   * not tried again.
   * @throws AppError `database_unavailable`.
   */
  async check(): Promise<void> {
    await this.#condition.look(this.#timeoutMs);
    if (this.#condition.isDamaged) throw unavailable('the file is damaged');
    await this.read('SELECT version FROM schema_migrations LIMIT 1');
    if (this.#condition.unwrittenMs < WRITABLE_FOR_MS) return;
    this.#probing ??= this.write(PROBE).finally(() => {
      this.#probing = undefined;
    });
    await this.#probing;
  }

  /** A fact about this database as a whole, or null. */
  async readMeta(key: string): Promise<string | null> {
    const [row] = await this.read<{ value: string }>('SELECT value FROM meta WHERE key = ?', [key]);
    return row?.value ?? null;
  }

  /** The first value stays. @returns the value that is kept, which may be another process's. */
  async writeMetaOnce(key: string, value: string): Promise<string> {
    const [row] = await this.write<{ value: string }>(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value RETURNING value',
      [key, value],
    );
    return row?.value ?? value;
  }

  /**
   * Takes no more calls, lets those that were taken end, and closes the three connections. A second call waits for
   * the first.
   * @throws AppError `database_unavailable` when a statement does not end within the deadline.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#condition.assertInPlace();
    try {
      return await read();
    } catch (error) {
      this.#condition.noteFailure(error);
      throw translateError(error);
    }
  }

  async #writing<T>(write: (isLate: () => boolean) => Promise<T>): Promise<T> {
    this.#condition.assertInPlace();
    const giveUpAt = performance.now() + this.#timeoutMs;
    try {
      const result = await this.#writes.run((isLate) => this.#changing(write(isLate)));
      await this.#condition.look(Math.max(1, giveUpAt - performance.now()));
      this.#condition.noteWritten();
      return result;
    } catch (error) {
      this.#condition.noteFailedWrite(error);
      throw translateError(error);
    }
  }

  async #sweeping(task: (writer: SqliteConnection) => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#writes.runToEnd(() => task(this.#opened.writer));
    } catch (error) {
      this.#condition.noteFailure(error);
      return false;
    }
  }

  /** Also when nobody waits any more, or it failed: a failed write may have been done. */
  #changing<T>(write: Promise<T>): Promise<T> {
    return write.finally(() => {
      this.version.bump();
      this.#sweep.noteWrite();
    });
  }

  async #close(): Promise<void> {
    this.#condition.stopWatching();
    this.version.retire();
    const { reader, reporter, writer } = this.#opened;
    await Promise.all([this.#reads.close(), this.#reports.close(), this.#writes.close()]);
    await reader.close();
    await reporter.close();
    await this.#sweep.finish(writer);
    await writer.close();
  }
}
