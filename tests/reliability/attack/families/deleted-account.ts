import { join } from 'node:path';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { makeCanary } from '#tests/support/fixtures/canaries.js';
import type { Arena } from '../arena.js';
import { readDatabaseFiles, traces } from '../database-files.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import { until } from '../until.js';

/** "Soon after": how long what was deleted may be read from the files. */
const SOON_MS = 15_000;
const CHARACTERS = 40;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const folder = await arena.makeFolder();
  const target = await arena.startService({ folder });
  const words = {
    email: makeCanary(),
    storeName: makeCanary(),
    instructions: makeCanary(),
    greeting: makeCanary(),
  };
  const account = {
    email: `${words.email}@example.com`,
    password: 'correct horse battery',
    storeName: words.storeName,
  };
  const { body } = await target.api.post('/auth/signup', account);
  const owner = target.api.withKey(body.apiKey);
  for (let i = 0; i < CHARACTERS; i += 1) {
    const instructions = `${words.instructions} `.repeat(i === 0 ? 400 : 1);
    await owner.createCharacter({ name: 'Ada', instructions, greeting: words.greeting });
  }
  const secrets = { ...words, hash: await passwordHash(folder, body.client.id) };
  const before = traces(readDatabaseFiles(folder), secrets);
  const deletion = await owner.delete('/api/clients/me');
  const left = () => traces(readDatabaseFiles(folder), secrets);
  await until(() => left().length === 0, SOON_MS);
  const soonAfter = left();
  await target.stop();
  const stopped = left();
  const again = await arena.startService({ folder });
  const restarted = left();
  await again.stop();
  return [
    exactly('in the files before (the search finds)', before, Object.keys(secrets)),
    exactly('the deletion', deletion.status, 204),
    exactly(`in the files ${SOON_MS / 1000} s after`, soonAfter, []),
    exactly('when it has stopped', stopped, []),
    exactly('when it has started again', restarted, []),
  ];
}

async function passwordHash(folder: string, clientId: string): Promise<string> {
  const connection = await SqliteConnection.open(join(folder, 'data/fastwrap.db'), 'read');
  const sql = 'SELECT password_hash AS hash FROM clients WHERE id = ?';
  const [row] = await connection.run<{ hash: string }>(sql, [clientId]);
  await connection.close();
  return row?.hash ?? 'no hash';
}

export const deletedAccount: Family = {
  name: 'deleted-account',
  about: 'email, name, instructions and password hash of a deleted account, searched for in the files',
  run,
};
