import {
  chmod,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { loadOrCreateSecret } from '#src/adapters/crypto/secret-file.js';

const SECRET = '00ff'.repeat(16);

describe('the secret file', () => {
  let directory: string;
  let path: string;

  async function failureOf(promise: Promise<unknown>): Promise<Error> {
    const error = await promise.catch((reason: unknown) => reason);
    if (!(error instanceof Error)) return expect.fail('it should have been rejected with an Error');
    return error;
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fastwrap-secret-'));
    path = join(directory, 'secret');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made once: 32 bytes, for its owner alone, and nothing else is left behind', async () => {
    const made = await loadOrCreateSecret(path);
    expect(made).to.have.length(32);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(directory)).to.deep.equal(['secret']);
    expect(await readFile(path, 'utf8')).to.equal(`${Buffer.from(made).toString('hex')}\n`);
    expect(await loadOrCreateSecret(path)).to.deep.equal(made);
  });

  it('is on the disk, and its name in the folder, before anything depends on it', async () => {
    const handle = await open(directory);
    const prototype: FileHandle = Object.getPrototypeOf(handle);
    await handle.close();
    const synced: { isFolder: boolean; names: string[] }[] = [];
    const sync = prototype.sync;
    sinon.stub(prototype, 'sync').callsFake(async function (this: FileHandle) {
      synced.push({ isFolder: (await this.stat()).isDirectory(), names: await readdir(directory) });
      await sync.call(this);
    });
    try {
      await loadOrCreateSecret(path);
    } finally {
      sinon.restore();
    }
    expect(synced.map(({ isFolder }) => isFolder)).to.deep.equal([false, true]);
    expect(synced[0]?.names).not.to.include('secret');
    expect(synced[1]?.names).to.include('secret');
  });

  it('is another one in another place', async () => {
    const other = await loadOrCreateSecret(join(directory, 'other'));
    expect(await loadOrCreateSecret(path)).not.to.deep.equal(other);
  });

  it('may have been written by hand, with or without a newline', async () => {
    for (const text of [SECRET, `${SECRET}\n`]) {
      await writeFile(path, text, { mode: 0o600 });
      expect(Buffer.from(await loadOrCreateSecret(path)).toString('hex')).to.equal(SECRET);
    }
  });

  it('is one for all who ask at the same time', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateSecret(path)));
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).to.equal(1);
    expect(await readdir(directory)).to.deep.equal(['secret']);
  });

  it('that is empty or malformed is named, and never overwritten', async () => {
    const malformed = [
      '',
      '\n',
      SECRET.slice(1),
      `${SECRET}0`,
      SECRET.toUpperCase(),
      `${SECRET}\n\n`,
      `${'g'.repeat(64)}`,
    ];
    for (const text of malformed) {
      await writeFile(path, text, { mode: 0o600 });
      const { message } = await failureOf(loadOrCreateSecret(path));
      expect(message).to.contain(path).and.to.contain('64 hex digits');
      if (text.length > 1) expect(message).not.to.contain(text.trim());
      expect(await readFile(path, 'utf8')).to.equal(text);
    }
  });

  it('that every user may touch is named, with the way out; a group may have access', async () => {
    await writeFile(path, SECRET);
    for (const mode of [0o604, 0o602, 0o644, 0o666]) {
      await chmod(path, mode);
      expect((await failureOf(loadOrCreateSecret(path))).message).to.contain(`chmod 600 ${path}`);
    }
    for (const mode of [0o600, 0o400, 0o640, 0o660]) {
      await chmod(path, mode);
      expect(await loadOrCreateSecret(path)).to.have.length(32);
    }
  });

  it('that cannot be made is named', async () => {
    await writeFile(path, SECRET, { mode: 0o600 });
    const { message } = await failureOf(loadOrCreateSecret(join(path, 'below')));
    expect(message).to.contain(join(path, 'below'));
  });
});
