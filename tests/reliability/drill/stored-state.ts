import { open } from 'sqlite';
import sqlite3 from 'sqlite3';

/** Everything that makes an account: rows in the order of their ids. */
export interface StoredState {
  readonly ids: ReadonlySet<string>;
  /** All columns of all rows, to be compared as a whole. */
  readonly rows: string;
}

/** What a database file says, read beside whatever else has it open. */
export async function storedState(file: string): Promise<StoredState> {
  const handle = await open({ filename: file, mode: sqlite3.OPEN_READWRITE, driver: sqlite3.Database });
  try {
    const tables = await Promise.all(
      ['clients', 'characters', 'api_keys'].map((table) =>
        // When a key was last used is written by itself, while the drill reads.
        handle.all<{ id: string; last_used_at?: string }[]>(`SELECT * FROM ${table} ORDER BY id`),
      ),
    );
    const rows = tables.flat().map(({ last_used_at: _, ...row }) => row);
    return { ids: new Set(rows.map(({ id }) => id)), rows: JSON.stringify(rows) };
  } finally {
    await handle.close();
  }
}
