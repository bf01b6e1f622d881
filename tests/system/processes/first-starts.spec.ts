import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { idOf } from '#tests/contracts/client-repository.contract.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

const SIGN_UP_PROCESS = new URL('./sign-up-process.js', import.meta.url);
const SECRET_PROCESS = new URL('./secret-file-process.js', import.meta.url);

describe('four processes that start at once where nothing is yet', () => {
  let folder: TestFolder;

  beforeEach(async () => {
    folder = await makeTestFolder();
  });
  afterEach(() => folder.remove());

  it('make one database of what each writes', async () => {
    const path = join(folder.path, 'made', 'here', 'test.db');
    const numbers = ['1', '2', '3', '4'];
    const codes = await Promise.all(
      numbers.map(async (number) => (await once(fork(SIGN_UP_PROCESS, [path, number]), 'exit'))[0]),
    );
    expect(codes).to.deep.equal([0, 0, 0, 0]);
    const database = await SqliteDatabase.open(path);
    expect(await database.read('SELECT id FROM clients ORDER BY id')).to.deep.equal(
      numbers.map((number) => ({ id: idOf(Number(number)) })),
    );
    expect(await database.read('PRAGMA integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
    await database.close();
  });

  it('make one secret, whole, and leave nothing beside it', async () => {
    const processes = Array.from({ length: 4 }, () => fork(SECRET_PROCESS, [join(folder.path, 'secret')]));
    const receive = (child: ChildProcess) => once(child, 'message');
    await Promise.all(processes.map(receive));
    const answers = Promise.all(processes.map(receive));
    for (const child of processes) child.send('go');
    const secrets = (await answers).map(([secret]) => String(secret));
    expect(new Set(secrets).size).to.equal(1);
    expect(secrets[0]).to.match(/^[0-9a-f]{64}$/);
    expect(await readdir(folder.path)).to.deep.equal(['secret']);
  });
});
