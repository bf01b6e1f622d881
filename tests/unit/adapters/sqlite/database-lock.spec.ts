import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

const LOCK_PROCESS = fileURLToPath(new URL('./lock-process.js', import.meta.url));

describe('DatabaseLock', () => {
  let folder: TestFolder;
  let file: string;

  beforeEach(async () => {
    folder = await makeTestFolder();
    file = join(folder.path, 'test.db');
  });

  afterEach(() => folder.remove());

  it('is shared by many, and had alone by one', async () => {
    const shared = [await DatabaseLock.take(file, 'shared'), await DatabaseLock.take(file, 'shared')];
    expect(shared).not.to.include(null);
    expect(await DatabaseLock.take(file, 'alone')).to.equal(null);
    await shared[0]?.release();
    expect(await DatabaseLock.take(file, 'alone')).to.equal(null);
    await shared[1]?.release();
    const alone = await DatabaseLock.take(file, 'alone');
    expect(alone).not.to.equal(null);
    expect(await DatabaseLock.take(file, 'shared')).to.equal(null);
    await alone?.release();
  });

  it('holds against other processes, and ends with a process that is killed', async () => {
    const child = fork(LOCK_PROCESS, [file]);
    expect(await once(child, 'message')).to.include('taken');
    expect(await DatabaseLock.take(file, 'alone')).to.equal(null);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const alone = await DatabaseLock.take(file, 'alone');
    expect(alone).not.to.equal(null);
    await alone?.release();
  });
});
