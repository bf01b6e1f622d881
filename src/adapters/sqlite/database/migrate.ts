import type { Migration } from '../migrations/migrations.js';
import type { SqliteConnection } from './sqlite-connection.js';

/**
 * Brings the schema up to the newest migration: all that is missing, or nothing. Processes that start together take turns.
 * @throws Error when the schema is newer than the migrations.
 */
export async function migrate(connection: SqliteConnection, migrations: readonly Migration[]): Promise<void> {
  await connection.transaction(async (run) => {
    await run(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT',
    );
    const [row] = await run<{ version: number }>(
      'SELECT coalesce(max(version), 0) AS version FROM schema_migrations',
    );
    const current = row?.version ?? 0;
    const newest = migrations.at(-1)?.version ?? 0;
    if (current > newest) {
      throw new Error(
        `its schema has version ${current}, and this version of the service knows ${newest} at most: use a newer version of the service`,
      );
    }
    for (const { version, name, apply } of migrations) {
      if (version <= current) continue;
      if (typeof apply === 'string') await connection.runScript(apply);
      else await apply(run);
      await run(
        `INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
        [version, name],
      );
    }
  });
}
