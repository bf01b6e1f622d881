import { type Database, open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { prepareFile } from './prepare-file.js';
import { isBusy } from './sqlite-error.js';

/**
 * Keeps those who work on a database file apart from who replaces it: many may share it, one alone may have it. A lock of the
 * operating system on a file beside the database, `<file>.lock`, so that it ends with its process, however that ends. The
 * database's own locks would not do: a file that is damaged has none, and neither has a connection that is idle.
 */
export class DatabaseLock {
  readonly #handle: Database;

  private constructor(handle: Database) {
    this.#handle = handle;
  }

  /**
   * @param file the database's absolute path.
   * @param claim `alone` keeps out everybody else, and every shared one keeps out `alone`.
   * @returns null when others keep it.
   */
  static async take(file: string, claim: 'shared' | 'alone'): Promise<DatabaseLock | null> {
    const path = `${file}.lock`;
    prepareFile(path);
    const handle = await open({ filename: path, driver: sqlite3.Database });
    try {
      await handle.exec('PRAGMA journal_mode = MEMORY');
      await handle.exec(claim === 'shared' ? 'BEGIN' : 'BEGIN EXCLUSIVE');
      // The first read takes the shared lock, and the open transaction keeps it.
      await handle.get('SELECT count(*) FROM sqlite_master');
      return new DatabaseLock(handle);
    } catch (error) {
      await handle.close();
      if (isBusy(error)) return null;
      throw error;
    }
  }

  async release(): Promise<void> {
    await this.#handle.close();
  }
}
