import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseVersion } from './database-version.js';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { type RunStatement, SqliteConnection, type SqlValue } from './sqlite-connection.js';
import { translateError } from './sqlite-error.js';
import { WorkQueue } from './work-queue.js';

export interface SqliteDatabaseOptions {
  /** How long one call may take, its waiting included, in milliseconds. 5,000 when absent. */
  readonly timeoutMs?: number;
  /** Writes waiting behind the one that runs. 1,000 when absent. */
  readonly maxWaitingWrites?: number;
  /** Reads waiting behind the one that runs. 10,000 when absent. */
  readonly maxWaitingReads?: number;
  /** Statements of reports waiting behind the one that runs. 1,000 when absent. */
  readonly maxWaitingReports?: number;
}

/**
 * One SQLite file: a connection that writes, one that reads beside it (WAL), and one for reports, which no turn waits
 * for. Each does one thing at a time, so that a stuck disk holds three of the pool's four threads and no more.
 *
 * Every call rejects with AppError `database_unavailable` when SQLite fails, the database is closed or the deadline
 * passes, and with `overloaded` when too many wait. A write that met its deadline while it waited was not done. One
 * that ran by then may have been done, except a transaction that had not come to its COMMIT: that is undone.
 */
export class SqliteDatabase {
  readonly #reads: WorkQueue;
  readonly #writes: WorkQueue;
  readonly #reports: WorkQueue;
  /** Of what `read` gives. */
  readonly version = new DatabaseVersion((sql, params) => this.read(sql, params));
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly reader: SqliteConnection,
    private readonly reporter: SqliteConnection,
    private readonly writer: SqliteConnection,
    options: SqliteDatabaseOptions,
  ) {
    const timeoutMs = options.timeoutMs ?? 5000;
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
      createPrivately(file);
      const writer = await SqliteConnection.open(file, 'write');
      opened.push(writer);
      await migrate(writer, MIGRATIONS);
      const reader = await SqliteConnection.open(file, 'read');
      opened.push(reader);
      const reporter = await SqliteConnection.open(file, 'read');
      return new SqliteDatabase(reader, reporter, writer, options);
    } catch (error) {
      for (const connection of opened) await connection.close();
      const reason = error instanceof Error ? error.message : 'unknown';
      throw new Error(`The database ${file} cannot be opened: ${reason}.`, { cause: error });
    }
  }

  /** Sees everything that was written before the call. */
  readonly read: RunStatement = async <Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]> => {
    try {
      return await this.#reads.run(() => this.reader.run<Row>(sql, params));
    } catch (error) {
      throw translateError(error);
    }
  };

  /** As {@link read}, beside it: for what may take longer than a turn can wait, statement by statement. */
  readonly report: RunStatement = async <Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]> => {
    try {
      return await this.#reports.run(() => this.reporter.run<Row>(sql, params));
    } catch (error) {
      throw translateError(error);
    }
  };

  /** One statement, durable when it resolves. */
  readonly write: RunStatement = async <Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]> => {
    try {
      return await this.#writes.run(() => this.#changing(this.writer.run<Row>(sql, params)));
    } catch (error) {
      throw translateError(error);
    }
  };

  /** All statements of `task` or none, durable when it resolves; an error of `task` undoes them. */
  async transaction<T>(task: (run: RunStatement) => Promise<T>): Promise<T> {
    try {
      return await this.#writes.run((isLate) =>
        this.#changing(this.writer.transaction(task, () => !isLate())),
      );
    } catch (error) {
      throw translateError(error);
    }
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
   * Takes no more calls, lets those that were taken end, and closes both connections. A second call waits for the first.
   * @throws AppError `database_unavailable` when a statement does not end within the deadline.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Also when nobody waits any more, or it failed: a failed write may have been done. */
  #changing<T>(write: Promise<T>): Promise<T> {
    return write.finally(() => this.version.moveOn());
  }

  async #close(): Promise<void> {
    this.version.retire();
    await Promise.all([this.#reads.close(), this.#reports.close(), this.#writes.close()]);
    await this.reader.close();
    await this.reporter.close();
    await this.writer.close();
  }
}

/**
 * SQLite would take the umask's mode; its side files follow the file's. An existing file is not touched: closing any
 * descriptor of it would drop this process's locks on it (sqlite.org/howtocorrupt.html, 2.2).
 */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
