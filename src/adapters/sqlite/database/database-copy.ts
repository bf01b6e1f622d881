import { closeSync, openSync } from 'node:fs';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { MIGRATIONS } from '../migrations/migrations.js';

/** How long a lock of another process is waited for, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Copies a database as it is at one moment, also while it is written, and without what was deleted from it.
 * @param to is made, with mode 0600, and must not be there yet. It is not on the disk before it is synced.
 * @throws Error when either cannot be read or written.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const handle = await open({ filename: from, mode: sqlite3.OPEN_READWRITE, driver: sqlite3.Database });
  try {
    handle.configure('busyTimeout', BUSY_TIMEOUT_MS);
    closeSync(openSync(to, 'wx', 0o600));
    await handle.run('VACUUM INTO ?', to);
  } finally {
    await handle.close();
  }
}

/**
 * Reads a copy through and changes nothing.
 * @param metaKey of the fact that is asked for.
 * @returns the fact, or null where it was never written.
 * @throws Error when it is not whole, or is no database of this version of the service or of an older one.
 */
export async function verifyDatabase(path: string, metaKey: string): Promise<string | null> {
  const handle = await open({ filename: path, mode: sqlite3.OPEN_READONLY, driver: sqlite3.Database });
  try {
    const [verdict] = await handle.all<{ integrity_check: string }[]>('PRAGMA integrity_check(1)');
    if (verdict?.integrity_check !== 'ok') throw new Error('it is damaged');
    const migrated = await handle.get<{ version: number | null }>(
      'SELECT max(version) AS version FROM schema_migrations',
    );
    const newest = MIGRATIONS.at(-1)?.version ?? 0;
    const version = migrated?.version ?? 0;
    if (version < 1 || version > newest) {
      throw new Error(
        `its schema has version ${version}, and this version of the service knows 1 to ${newest}`,
      );
    }
    const meta = await handle.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', metaKey);
    return meta?.value ?? null;
  } finally {
    await handle.close();
  }
}
