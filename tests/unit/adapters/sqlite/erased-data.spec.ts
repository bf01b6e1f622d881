import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/repositories/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import {
  characterOf,
  credentialsOf,
  idOf,
  keyOf,
  MANY,
} from '#tests/contracts/client-repository.contract.js';
import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

/** The file is not rewritten meanwhile: that would hide what deleting leaves. */
const SOON = { truncateAfterMs: 5, compactAfterMs: 60_000 };

describe('what was deleted or overwritten', function () {
  this.timeout(30_000);

  let folder: TestFolder;
  let path: string;

  beforeEach(async () => {
    folder = await makeTestFolder();
    path = join(folder.path, 'test.db');
  });

  afterEach(() => folder.remove());

  const bytes = async () => {
    const log = await readFile(`${path}-wal`).catch(() => Buffer.alloc(0));
    return Buffer.concat([await readFile(path), log]);
  };
  const logIsEmpty = async () => {
    while ((await stat(`${path}-wal`)).size > 0) await turn();
  };
  /** Of account `number`; each a text that stands nowhere else. */
  const canaries = (number: number, when = 'first') =>
    ['mail', 'store', 'hash', 'instructions'].map((what) => `canary-${what}-${when}-${number}-end`);
  const accountOf = (number: number) => {
    const [email = '', storeName = '', passwordHash = ''] = canaries(number);
    const { client } = credentialsOf(number);
    return { client: { ...client, email: `${email}@example.com`, storeName }, passwordHash };
  };
  const instructionsOf = (number: number, times: number, when?: string) =>
    `${canaries(number, when)[3]} `.repeat(times);

  it('stands neither in the file nor in its log soon after the account was deleted', async () => {
    const database = await SqliteDatabase.open(path, SOON);
    const clients = new SqliteClientRepository(database);
    const characters = new SqliteCharacterRepository(database);
    await clients.create(accountOf(1), keyOf(1));
    await clients.create(credentialsOf(2), keyOf(2));
    await characters.create(idOf(1), characterOf(1, { instructions: instructionsOf(1, 300) }), MANY);
    const digest = Buffer.from(keyOf(1).digest);
    const before = await bytes();
    for (const canary of [...canaries(1), digest]) expect(before.includes(canary)).to.equal(true);
    await clients.delete(idOf(1));
    await logIsEmpty();
    const after = await bytes();
    for (const canary of [...canaries(1), digest]) expect(after.includes(canary)).to.equal(false);
    await database.close();
  });

  it('neither when it was overwritten', async () => {
    const database = await SqliteDatabase.open(path, SOON);
    const clients = new SqliteClientRepository(database);
    const characters = new SqliteCharacterRepository(database);
    await clients.create(accountOf(1), keyOf(1));
    await characters.create(idOf(1), characterOf(1, { instructions: instructionsOf(1, 300) }), MANY);
    const changes = { email: 'new@example.com', storeName: null, passwordHash: 'new' };
    await clients.update(idOf(1), changes, null);
    await characters.update(idOf(1), idOf(1), { instructions: 'Be kind.' }, '2026-01-02T00:00:00.000Z');
    await logIsEmpty();
    const after = await bytes();
    for (const canary of canaries(1)) expect(after.includes(canary)).to.equal(false);
    await database.close();
  });

  it('neither where pages were split among many accounts, once the file was rewritten', async () => {
    const random = new SeededRandom(1);
    const database = await SqliteDatabase.open(path, SOON);
    const clients = new SqliteClientRepository(database);
    const characters = new SqliteCharacterRepository(database);
    const numbers = random.sample(
      Array.from({ length: 400 }, (_, number) => number),
      400,
    );
    for (const number of numbers) {
      await clients.create(accountOf(number), keyOf(number));
      const instructions = instructionsOf(number, random.between(1, 40));
      await characters.create(idOf(number), characterOf(number, { instructions }), MANY);
    }
    const gone = numbers.slice(0, 200);
    await Promise.all(gone.map((number) => clients.delete(idOf(number))));
    await database.close();
    const after = (await bytes()).toString('latin1');
    const readable = gone.filter((number) => canaries(number).some((canary) => after.includes(canary)));
    expect(readable).to.deep.equal([]);
  });

  it('neither after the next start, of what a process without these measures has left', async () => {
    await (await SqliteDatabase.open(path)).close();
    const careless = await SqliteConnection.open(path, 'write');
    await careless.runScript(
      `PRAGMA secure_delete = OFF;
       INSERT INTO meta VALUES ('a', 'canary-of-another-time'); DELETE FROM meta WHERE key = 'a'`,
    );
    await careless.close();
    expect((await bytes()).includes('canary-of-another-time')).to.equal(true);
    await (await SqliteDatabase.open(path)).close();
    expect((await bytes()).includes('canary-of-another-time')).to.equal(false);
  });

  it('goes when the reader that kept it has ended', async () => {
    const database = await SqliteDatabase.open(path, SOON);
    const clients = new SqliteClientRepository(database);
    await clients.create(accountOf(1), keyOf(1));
    const reader = await SqliteConnection.open(path, 'read');
    await reader.run('BEGIN');
    await reader.run('SELECT * FROM clients');
    await clients.delete(idOf(1));
    expect((await bytes()).includes(canaries(1)[0] ?? '')).to.equal(true);
    await reader.run('COMMIT');
    await reader.close();
    await logIsEmpty();
    expect((await bytes()).includes(canaries(1)[0] ?? '')).to.equal(false);
    await database.close();
  });
});
