import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { migrate } from '#src/adapters/sqlite/database/migrate.js';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { MIGRATIONS } from '#src/adapters/sqlite/migrations/migrations.js';
import { emailLookup } from '#src/domain/clients/client.js';

const FIRST = {
  version: 1,
  name: 'first',
  apply: 'CREATE TABLE a (x TEXT) STRICT; INSERT INTO a VALUES (1);',
};
const SECOND = { version: 2, name: 'second', apply: 'ALTER TABLE a ADD COLUMN y TEXT;' };
const BROKEN = { version: 3, name: 'broken', apply: 'CREATE TABLE b (x TEXT) STRICT; DROP TABLE nowhere;' };

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

  it('lets accounts that read one email in two spellings both stay, the older one found by it', async () => {
    await migrate(
      connection,
      MIGRATIONS.filter(({ version }) => version < 5),
    );
    const add = (id: string, email: string, year: number) =>
      connection.run(
        `INSERT INTO clients (id, email, email_lookup, password_hash, created_at) VALUES (?, ?, ?, '', ?)`,
        [id, email, email.normalize('NFKC').toLowerCase(), `${year}-01-01T00:00:00.000Z`],
      );
    await add('alone', 'Ada@Bücher.example', 2020);
    await add('ascii', 'Bob@Example.com', 2020);
    await add('older unicode', 'Cleo@Bücher.example', 2021);
    await add('younger punycode', 'cleo@xn--bcher-kva.example', 2022);
    await add('younger unicode', 'dan@bücher.example', 2022);
    await add('older punycode', 'Dan@XN--bcher-kva.example', 2021);
    await add('local part', 'jürgen@example.com', 2021);
    await add('oldest of three', 'eve@bü\u00adcher.example', 2019);
    await add('second of three', 'eve@bücher.example', 2020);
    await add('third of three', 'eve@xn--bcher-kva.example', 2021);
    const emails = 'SELECT id, email FROM clients ORDER BY id';
    const before = await connection.run(emails);
    await migrate(connection, MIGRATIONS);
    await migrate(connection, MIGRATIONS);
    expect(await connection.run(emails)).to.deep.equal(before);

    const rows = await connection.run<{ id: string; lookup: string }>(
      'SELECT id, email_lookup AS lookup FROM clients',
    );
    const ownerOf = (email: string) => rows.find(({ lookup }) => lookup === emailLookup(email))?.id;
    expect(ownerOf('ada@bücher.example')).to.equal('alone');
    expect(ownerOf('bob@example.com')).to.equal('ascii');
    expect(ownerOf('cleo@bücher.example')).to.equal('older unicode');
    expect(ownerOf('dan@bücher.example')).to.equal('older punycode');
    expect(ownerOf('JÜRGEN@example.com')).to.equal('local part');
    expect(ownerOf('eve@bücher.example')).to.equal('oldest of three');
    const canBeFound = rows.filter(({ lookup }) => emailLookup(lookup) === lookup && !lookup.includes(' '));
    expect(canBeFound).to.have.length(6);
  });

  it('knows migrations that are numbered without a gap', () => {
    expect(MIGRATIONS.map((each) => each.version)).to.deep.equal(MIGRATIONS.map((_, index) => index + 1));
  });
});
