import { join } from 'node:path';
import { expect } from 'chai';
import { spy } from 'sinon';
import { migrate } from '#src/adapters/sqlite/database/migrate.js';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { MIGRATIONS } from '#src/adapters/sqlite/migrations/migrations.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/repositories/sqlite-usage-repository.js';
import { codeOf, credentialsOf, idOf, keyOf } from '#tests/contracts/client-repository.contract.js';
import { entryOf, itRecordsUsage } from '#tests/contracts/usage-repository.contract.js';
import { sqliteHarness } from '#tests/support/fixtures/sqlite-storage.js';
import { makeTestFolder } from '#tests/support/fixtures/test-app.js';

itRecordsUsage(sqliteHarness);

describe('SqliteUsageRepository', () => {
  it('takes over what was recorded before there were sums of days', async () => {
    const folder = await makeTestFolder();
    const path = join(folder.path, 'old.db');
    try {
      const old = await SqliteConnection.open(path, 'write');
      await migrate(old, MIGRATIONS.slice(0, 3));
      await old.run(`INSERT INTO clients (id, email, email_lookup, password_hash, created_at)
        VALUES ('ada', 'a@example.com', 'a@example.com', '', '')`);
      const insert = `INSERT INTO usage VALUES ('ada', ?, ?, 1, ?, 2)`;
      for (const [character, tokens] of [10, 30, 20].entries()) {
        await old.run(insert, ['2026-01-31', `c${character}`, tokens]);
      }
      await old.close();
      const database = await SqliteDatabase.open(path);
      const usage = new SqliteUsageRepository(database);
      // By an older version of the service that still has the file open: in no sum, so refused.
      expect(await codeOf(database.write(insert, ['2026-01-31', 'c4', 5]))).to.equal('database_unavailable');
      expect(await usage.tokensOn('ada', '2026-01-31')).to.equal(66);
      expect(await usage.list('ada', '2026-01-01', 1)).to.deep.equal([
        { day: '2026-01-31', characterId: 'c1', turns: 1, inputTokens: 30, outputTokens: 2 },
        { day: '2026-01-31', characterId: null, turns: 2, inputTokens: 30, outputTokens: 4 },
      ]);
      await database.close();
    } finally {
      await folder.remove();
    }
  });

  it('reads no more of a day than it shows, and forgets by index', async () => {
    const folder = await makeTestFolder();
    const database = await SqliteDatabase.open(join(folder.path, 'plans.db'));
    try {
      const usage = new SqliteUsageRepository(database);
      await new SqliteClientRepository(database).create(credentialsOf(1), keyOf(1));
      await usage.add([entryOf()], '2000-01-01');
      const reports = spy(database, 'report');
      const transactions = spy(database, 'transaction');
      await usage.list(idOf(1), '2000-01-01', 1);
      await usage.add([entryOf()], '2000-01-01');
      const statements = reports.args.map(([sql]) => sql);
      await transactions.args[0]?.[0](async <Row>(sql: string) => {
        if (sql.includes('DELETE')) statements.push(sql);
        return [] as Row[];
      });
      expect(statements).to.have.length(3);
      for (const sql of statements) {
        const plan = await database.write<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
        const steps = plan.map(({ detail }) => detail).join('; ');
        expect(steps, sql).to.not.include('SCAN usage');
        if (!sql.includes('DELETE')) expect(steps, sql).to.not.include('TEMP B-TREE');
      }
    } finally {
      await database.close();
      await folder.remove();
    }
  });

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
