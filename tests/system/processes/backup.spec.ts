import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { open } from 'sqlite';
import sqlite3 from 'sqlite3';
import { DatabaseLock } from '#src/adapters/sqlite/database/database-lock.js';
import { backUp } from '#src/infrastructure/backup/back-up.js';
import { restore } from '#src/infrastructure/backup/restore.js';
import { readStorageConfig } from '#src/infrastructure/config/read-storage-config.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, startTestApp, type TestFolder } from '#tests/support/fixtures/test-app.js';

const BACKUP = fileURLToPath(new URL('../../../src/infrastructure/backup.js', import.meta.url));

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

  /** The operator's command, halted in the middle of its copy. */
  async function haltedBackup() {
    const app = await startTestApp({ env });
    await app.stop();
    const file = join(folder.path, 'data', 'fastwrap.db');
    const holder = await open({ filename: file, driver: sqlite3.Database });
    // Without a write-ahead log whoever writes keeps readers out.
    await holder.exec('PRAGMA journal_mode = DELETE');
    await holder.exec('BEGIN EXCLUSIVE');
    const parent = dirname(target);
    await mkdir(parent);
    const watcher = watch(parent);
    const begun = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => {
        if (/\.partial-[\w-]+$/.test(String(name))) resolve();
      });
    });
    const command = spawn(process.execPath, [BACKUP, target], { env, stdio: 'ignore' });
    const exited = once(command, 'exit');
    await begun;
    watcher.close();
    const kill = async () => {
      command.kill('SIGKILL');
      await exited;
      await holder.close();
    };
    return { parent, kill };
  }

  it('remove what one that was killed has left, and leave alone one that runs', async () => {
    const other = { DATABASE_URL: `sqlite:${join(folder.path, 'other', 'fastwrap.db')}` };
    const app = await startTestApp({ env: other });
    await app.stop();
    const { parent, kill } = await haltedBackup();
    const running = await readdir(parent);
    await backUp(readStorageConfig(other), join(parent, 'second'));
    expect((await readdir(parent)).sort()).to.deep.equal([...running, 'second'].sort());
    await kill();
    expect((await readdir(parent)).sort()).to.deep.equal([...running, 'second'].sort());
    await backUp(readStorageConfig(other), join(parent, 'third'));
    expect((await readdir(parent)).sort()).to.deep.equal(['second', 'third']);
  });

  it('name what a killed one has left and they may not remove, and are made all the same', async () => {
    const app = await startTestApp({ env });
    await app.stop();
    const stuck = `${target}.partial-${randomUUID()}`;
    // A folder cannot be opened as a lock, not even by root.
    await mkdir(`${stuck}.lock`, { recursive: true });
    expect(await backUp(readStorageConfig(env), target)).to.equal(
      `The backup is in ${target}. What a killed backup left in ${stuck} cannot be removed.`,
    );
    expect((await readdir(dirname(target))).sort()).to.deep.equal(['first', `${basename(stuck)}.lock`]);
  });

  /** Backs up, with a folder in the place of the partial one's lock, so that it cannot be removed. @returns what it says. */
  async function backUpWithStuckLock(onHeld: () => Promise<void>): Promise<{ said: string; stuck: string }> {
    const file = join(folder.path, 'data', 'fastwrap.db');
    const holder = await open({ filename: file, driver: sqlite3.Database });
    await holder.exec('PRAGMA journal_mode = DELETE');
    await holder.exec('BEGIN EXCLUSIVE');
    const parent = dirname(target);
    await mkdir(parent);
    const watcher = watch(parent);
    const made = new Promise<string>((resolve) => {
      watcher.on('change', (_, name) => {
        if (/\.partial-[\w-]+$/.test(String(name))) resolve(join(parent, String(name)));
      });
    });
    const outcome = backUp(readStorageConfig(env), target).catch(({ message }: Error) => message);
    const stuck = `${await made}.lock`;
    watcher.close();
    await rename(stuck, `${stuck}.moved.lock`);
    await mkdir(stuck);
    await onHeld();
    await holder.close();
    const said = await outcome;
    const lock = await DatabaseLock.take(`${stuck}.moved`, 'alone');
    expect(lock, 'the lock is given back').not.to.equal(null);
    await lock?.release();
    return { said, stuck };
  }

  it('are made although what they leave cannot be removed, and name it', async () => {
    const app = await startTestApp({ env });
    await app.stop();
    const { said, stuck } = await backUpWithStuckLock(async () => undefined);
    expect(said).to.equal(`The backup is in ${target}. ${stuck} is left and can be removed by hand.`);
    expect((await readdir(target)).sort()).to.deep.equal(['fastwrap.db', 'fastwrap.db.secret']);
  });

  it('say first what kept them from being made, and then what they leave', async () => {
    const app = await startTestApp({ env });
    await app.stop();
    const { said, stuck } = await backUpWithStuckLock(() =>
      writeFile(join(folder.path, 'data', 'fastwrap.db.secret'), 'another'),
    );
    expect(said)
      .to.match(/secret/)
      .and.to.match(/ is left and can be removed by hand\.$/);
    expect(said).to.include(stuck);
    expect(await readdir(dirname(target))).not.to.include(basename(target));
  });

  it('remove the copies of a restore that was killed', async () => {
    const config = readStorageConfig(env);
    const app = await startTestApp({ env });
    await backUp(config, target);
    await app.stop();
    const left = join(folder.path, `data/fastwrap.db.incoming-${randomUUID()}`);
    for (const path of [left, `${left}.secret`]) await writeFile(path, 'old');
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
