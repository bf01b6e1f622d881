import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { backUp } from '#src/infrastructure/backup/back-up.js';
import { restore } from '#src/infrastructure/backup/restore.js';
import { readStorageConfig } from '#src/infrastructure/config/read-storage-config.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, startTestApp, type TestFolder } from '#tests/support/fixtures/test-app.js';

describe('backup and restore', () => {
  let folder: TestFolder;
  let env: Record<string, string>;
  let target: string;

  const failureOf = (call: Promise<unknown>) =>
    call.then(
      () => 'it resolved',
      (error: unknown) => (error instanceof Error ? error.message : 'not an Error'),
    );

  beforeEach(async () => {
    folder = await makeTestFolder();
    env = { DATABASE_URL: `sqlite:${join(folder.path, 'data', 'fastwrap.db')}` };
    target = join(folder.path, 'backups', 'first');
  });

  afterEach(() => folder.remove());

  it('bring back what the service had when it was backed up, and its keys', async () => {
    const config = readStorageConfig(env);
    const app = await startTestApp({ env });
    const kept = await new ApiClient(app.url).signUp();
    await backUp(config, target);
    const later = await new ApiClient(app.url).signUp();
    expect(await failureOf(restore(config, target))).to.include('is in use');
    await app.stop();
    await restore(config, target);
    const again = await startTestApp({ env });
    expect((await new ApiClient(again.url, kept.apiKey).get('/api/clients/me')).status).to.equal(200);
    expect((await new ApiClient(again.url, later.apiKey).get('/api/clients/me')).status).to.equal(401);
    await again.stop();
  });

  it('keep the files to their owner, and touch no folder that holds something', async () => {
    const config = readStorageConfig(env);
    const app = await startTestApp({ env });
    await backUp(config, target);
    await app.stop();
    expect((await readdir(target)).sort()).to.deep.equal(['fastwrap.db', 'fastwrap.db.secret']);
    expect((await stat(target)).mode & 0o777).to.equal(0o700);
    for (const name of await readdir(target)) {
      expect((await stat(join(target, name))).mode & 0o777).to.equal(0o600);
    }
    expect(await failureOf(backUp(config, target))).to.equal(`${target} is not empty.`);
  });

  it('remove a write-ahead log that does not belong to what comes', async () => {
    const config = readStorageConfig(env);
    const app = await startTestApp({ env });
    await backUp(config, target);
    await app.stop();
    for (const suffix of ['-wal', '-shm'])
      await writeFile(join(folder.path, `data/fastwrap.db${suffix}`), 'old');
    await restore(config, target);
    expect((await readdir(join(folder.path, 'data'))).sort()).to.deep.equal([
      'fastwrap.db',
      'fastwrap.db.lock',
      'fastwrap.db.secret',
    ]);
  });

  it('say so where there is nothing to back up, and read no other variable', async () => {
    const memory = readStorageConfig({ DATABASE_URL: 'memory:', NODE_ENV: 'production' });
    expect(await failureOf(backUp(memory, target))).to.include('DATABASE_URL is memory');
    expect(await failureOf(restore(memory, target))).to.include('DATABASE_URL is memory');
    expect(await failureOf(backUp(readStorageConfig(env), target))).to.include('There is no database');
    expect(() => readStorageConfig({ DATABASE_URL: 'nowhere' })).to.throw('DATABASE_URL must be');
  });
});
