import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { migrate } from '#src/adapters/sqlite/migrate.js';
import { MIGRATIONS } from '#src/adapters/sqlite/migrations/migrations.js';
import { SqliteConnection } from '#src/adapters/sqlite/sqlite-connection.js';

const FIRST = { version: 1, name: 'first', sql: 'CREATE TABLE a (x TEXT) STRICT; INSERT INTO a VALUES (1);' };
const SECOND = { version: 2, name: 'second', sql: 'ALTER TABLE a ADD COLUMN y TEXT;' };
const BROKEN = { version: 3, name: 'broken', sql: 'CREATE TABLE b (x TEXT) STRICT; DROP TABLE nowhere;' };

describe('migrate', () => {
  let folder: string;
  let connection: SqliteConnection;

  const applied = () => connection.run('SELECT version, name FROM schema_migrations ORDER BY version');
  const messageOf = (call: Promise<unknown>) =>
    call.then(
      () => 'resolved',
      (error: unknown) => (error instanceof Error ? error.message : 'not an Error'),
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fastwrap-migrate-'));
    connection = await SqliteConnection.open(join(folder, 'test.db'), 'write');
  });

  afterEach(async () => {
    await connection.close();
    await rm(folder, { recursive: true });
  });

  it('runs each migration once, those that are missing only, in order', async () => {
    await migrate(connection, [FIRST]);
    await migrate(connection, [FIRST]);
    await migrate(connection, [FIRST, SECOND]);
    await migrate(connection, [FIRST, SECOND]);
    expect(await connection.run('SELECT x, y FROM a')).to.deep.equal([{ x: '1', y: null }]);
    expect(await applied()).to.deep.equal([
      { version: 1, name: 'first' },
      { version: 2, name: 'second' },
    ]);
  });

  it('leaves nothing of a run that fails, not even what went well before', async () => {
    await migrate(connection, [FIRST]);
    expect(await messageOf(migrate(connection, [FIRST, SECOND, BROKEN]))).to.include('nowhere');
    expect(await applied()).to.deep.equal([{ version: 1, name: 'first' }]);
    expect(await connection.run('SELECT * FROM a')).to.deep.equal([{ x: '1' }]);
    expect(await connection.run(`SELECT name FROM sqlite_schema WHERE name = 'b'`)).to.deep.equal([]);
    await migrate(connection, [FIRST, SECOND]);
    expect(await applied()).to.have.length(2);
  });

  it('refuses a schema that is newer than the code', async () => {
    await migrate(connection, [FIRST, SECOND]);
    const message = await messageOf(migrate(connection, [FIRST]));
    expect(message).to.include('version 2').and.to.include('knows 1 at most');
  });

  it('knows migrations that are numbered without a gap', () => {
    expect(MIGRATIONS.map((each) => each.version)).to.deep.equal(MIGRATIONS.map((_, index) => index + 1));
  });
});
