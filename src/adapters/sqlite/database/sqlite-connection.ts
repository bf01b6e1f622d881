import { type Database, open, type Statement } from 'sqlite';
import sqlite3 from 'sqlite3';
import { sleep } from '#src/application/async/sleep.js';
import { isBusy, isNoTransaction } from './sqlite-error.js';

export type SqlValue = string | number | Uint8Array | null;

/** Runs one statement to its end. `Row` is the caller's promise; STRICT tables keep it. */
export type RunStatement = <Row>(sql: string, params?: readonly SqlValue[]) => Promise<Row[]>;

/** How long SQLite itself waits for a lock of another process, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/** How long {@link SqliteConnection.truncateLog} and `compact` wait for others: writes of this process wait behind them. */
const SWEEP_BUSY_TIMEOUT_MS = 100;

/** Up to here the file is rewritten in well under a second; writes wait meanwhile. */
const MAX_COMPACTED_BYTES = 64 * 1024 * 1024;

/** Sorts and rewrites leave nothing in files of their own. What is deleted is overwritten with zeros. */
const WRITER_PRAGMAS = 'PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;';

const MODE = sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE | sqlite3.OPEN_FULLMUTEX;

/** One handle on the file with its prepared statements. Its user runs one thing at a time on it. */
export class SqliteConnection {
  readonly #handle: Database;
  /** Bounded by the texts in the code: no statement is put together from values. */
  readonly #statements = new Map<string, Statement>();
  #unfinished = false;

  private constructor(handle: Database) {
    this.#handle = handle;
  }

  /** @param access `read` refuses every write. */
  static async open(path: string, access: 'read' | 'write'): Promise<SqliteConnection> {
    const handle = await open({ filename: path, mode: MODE, driver: sqlite3.Database });
    try {
      handle.configure('busyTimeout', BUSY_TIMEOUT_MS);
      await useWriteAheadLog(handle);
      await handle.exec(
        `PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA query_only = ${access === 'read' ? 'ON' : 'OFF'}`,
      );
      if (access === 'write') await handle.exec(WRITER_PRAGMAS);
      return new SqliteConnection(handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** To the last row always: a statement that is left half-way keeps its snapshot, and later reads would be stale. */
  readonly run: RunStatement = async <Row>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> => {
    if (this.#unfinished) await this.#rollBack();
    const statement = this.#statements.get(sql) ?? (await this.#prepare(sql));
    return statement.all<Row[]>(params);
  };

  /** Several statements without parameters. */
  async runScript(sql: string): Promise<void> {
    await this.#handle.exec(sql);
  }

  /** All of it or nothing. @param mayCommit asked at the end; false undoes it. */
  async transaction<T>(task: (run: RunStatement) => Promise<T>, mayCommit = () => true): Promise<T> {
    await this.run('BEGIN IMMEDIATE');
    try {
      const result = await task(this.run);
      await this.run(mayCommit() ? 'COMMIT' : 'ROLLBACK');
      return result;
    } catch (error) {
      this.#unfinished = true;
      await this.#rollBack().catch(() => undefined);
      throw error;
    }
  }

  /** Moves the write-ahead log into the file and empties it. @returns false when a reader keeps it from that. */
  async truncateLog(): Promise<boolean> {
    return this.#withoutWaiting(async () => {
      const [row] = await this.#handle.all<{ busy: number }[]>('PRAGMA wal_checkpoint(TRUNCATE)');
      return row?.busy === 0;
    });
  }

  /**
   * Rewrites the file, unless it is too large for that. @returns false when another writer keeps it from that. The log may
   * still hold what was rewritten: `truncateLog` shows it.
   */
  async compact(): Promise<boolean> {
    const [size] = await this.run<{ bytes: number }>(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
    );
    if ((size?.bytes ?? 0) > MAX_COMPACTED_BYTES) return true;
    return this.#withoutWaiting(async () => {
      await this.#handle.exec('VACUUM');
      await this.#handle.all('PRAGMA wal_checkpoint(TRUNCATE)');
      return true;
    });
  }

  async #withoutWaiting(task: () => Promise<boolean>): Promise<boolean> {
    this.#handle.configure('busyTimeout', SWEEP_BUSY_TIMEOUT_MS);
    try {
      return await task();
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    } finally {
      this.#handle.configure('busyTimeout', BUSY_TIMEOUT_MS);
    }
  }

  async close(): Promise<void> {
    for (const statement of this.#statements.values()) await statement.finalize();
    this.#statements.clear();
    await this.#handle.close();
  }

  /** Until it has worked nothing else runs: a lone write inside a forgotten transaction would be lost. */
  async #rollBack(): Promise<void> {
    try {
      await this.#handle.exec('ROLLBACK');
    } catch (error) {
      if (!isNoTransaction(error)) throw error;
    }
    this.#unfinished = false;
  }

  async #prepare(sql: string): Promise<Statement> {
    const statement = await this.#handle.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** The switch to WAL fails at once when another process writes, whatever the busy timeout: asked again until then. */
async function useWriteAheadLog(handle: Database): Promise<void> {
  const deadlineMs = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      const rows = await handle.all<{ journal_mode: string }[]>('PRAGMA journal_mode = WAL');
      const mode = rows[0]?.journal_mode;
      if (mode !== 'wal') throw new Error(`the file system offers no write-ahead log (${mode})`);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadlineMs) throw error;
      await sleep(25);
    }
  }
}
