import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/sqlite-client-repository.js';
import { SqliteDatabase } from '#src/adapters/sqlite/sqlite-database.js';
import { SqliteManagedClientRepository } from '#src/adapters/sqlite/sqlite-managed-client-repository.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/sqlite-usage-repository.js';
import type { Storage, StorageHarness } from '#tests/contracts/client-repository.contract.js';

const databases = new WeakMap<Storage, SqliteDatabase>();

/** A database file of its own in a folder of its own, which goes when it is closed. */
export const sqliteHarness: StorageHarness = {
  name: 'sqlite',
  create: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fastwrap-sqlite-'));
    const database = await SqliteDatabase.open(join(folder, 'test.db'));
    const storage = {
      clients: new SqliteClientRepository(database),
      managed: new SqliteManagedClientRepository(database),
      characters: new SqliteCharacterRepository(database),
      usage: new SqliteUsageRepository(database),
      close: async () => {
        await database.close();
        await rm(folder, { recursive: true });
      },
    };
    databases.set(storage, database);
    return storage;
  },
  outages: [
    {
      how: 'the database is closed',
      bringAbout: async (storage) => databases.get(storage)?.close(),
    },
    {
      how: 'the tables have gone',
      bringAbout: async (storage) => {
        for (const table of [
          'usage_days',
          'usage_by_character',
          'characters',
          'api_keys',
          'clients',
          'schema_migrations',
        ]) {
          await databases.get(storage)?.write(`DROP TABLE ${table}`);
        }
      },
    },
  ],
};
