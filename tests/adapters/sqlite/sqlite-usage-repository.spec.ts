import { join } from 'node:path';
import { expect } from 'chai';
import { SqliteClientRepository } from '#src/adapters/sqlite/sqlite-client-repository.js';
import { SqliteDatabase } from '#src/adapters/sqlite/sqlite-database.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/sqlite-usage-repository.js';
import { credentialsOf, idOf, keyOf } from '#tests/contracts/client-repository.contract.js';
import { entryOf, itRecordsUsage } from '#tests/contracts/usage-repository.contract.js';
import { makeTestFolder } from '#tests/support/test-app.js';
import { sqliteHarness } from './sqlite-storage.js';

itRecordsUsage(sqliteHarness);

describe('SqliteUsageRepository', () => {
  it('adds up what several connections to one file write at the same time', async () => {
    const folder = await makeTestFolder();
    const path = join(folder.path, 'shared.db');
    const databases = [await SqliteDatabase.open(path), await SqliteDatabase.open(path)] as const;
    try {
      await new SqliteClientRepository(databases[0]).create(credentialsOf(1), keyOf(1));
      const writers = databases.map((database) => new SqliteUsageRepository(database));
      const writes = writers.flatMap((writer) =>
        Array.from({ length: 20 }, () => writer.add([entryOf()], '2000-01-01')),
      );
      await Promise.all(writes);
      for (const writer of writers) expect(await writer.tokensOn(idOf(1), '2026-01-31')).to.equal(600);
    } finally {
      for (const database of databases) await database.close();
      await folder.remove();
    }
  });
});
