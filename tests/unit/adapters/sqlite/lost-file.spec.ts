import { copyFile, mkdir, open as openFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { codeOf, credentialsOf, idOf, keyOf } from '#tests/contracts/client-repository.contract.js';
import {
  type LogLine,
  makeTestFolder,
  recordingLogger,
  type TestFolder,
} from '#tests/support/fixtures/test-app.js';

describe('an SQLite file that something happens to', () => {
  let folder: TestFolder;
  let data: string;
  let path: string;
  let lines: LogLine[];
  let database: SqliteDatabase;
  let clients: SqliteClientRepository;

  const open = async () => {
    database = await SqliteDatabase.open(path, { logger: recordingLogger(lines) });
    clients = new SqliteClientRepository(database);
  };
  const signUp = (number: number) => codeOf(clients.create(credentialsOf(number), keyOf(number)));
  const errors = () => lines.filter(({ level }) => level === 'error');

  beforeEach(async () => {
    folder = await makeTestFolder();
    data = join(folder.path, 'data');
    path = join(data, 'test.db');
    lines = [];
    await open();
    expect(await signUp(1)).to.equal('resolved');
  });

  afterEach(async () => {
    await database.close();
    await folder.remove();
  });

  const LOSSES: readonly (readonly [string, () => Promise<void>])[] = [
    ['its folder is deleted', () => rm(data, { recursive: true })],
    ['it is deleted', () => rm(path)],
    ['its write-ahead log is deleted', () => rm(`${path}-wal`)],
    ['it is replaced', () => copyFile(path, `${path}.copy`).then(() => rename(`${path}.copy`, path))],
    [
      'its folder is replaced by an empty one',
      async () => {
        await rm(data, { recursive: true });
        await mkdir(data);
      },
    ],
  ];
  for (const [how, lose] of LOSSES) {
    it(`acknowledges no write once ${how}, reports it to health, and says so in one line with the path`, async () => {
      await lose();
      expect(await signUp(2)).to.equal('database_unavailable');
      expect(await codeOf(clients.check())).to.equal('database_unavailable');
      expect(await signUp(3)).to.equal('database_unavailable');
      expect(await codeOf(clients.find(idOf(1)))).to.equal('database_unavailable');
      expect(errors()).to.have.length(1);
      expect(errors()[0]?.fields['database']).to.equal(path);
    });
  }

  it('notices it by itself, and goes on when the folder is back', async () => {
    const noticed = new Promise<void>((resolve) => {
      const push = lines.push.bind(lines);
      lines.push = (...added) => {
        resolve();
        return push(...added);
      };
    });
    await rename(data, join(folder.path, 'away'));
    await noticed;
    expect(await codeOf(clients.find(idOf(1)))).to.equal('database_unavailable');
    await rename(join(folder.path, 'away'), data);
    expect(await codeOf(clients.check())).to.equal('resolved');
    expect(await signUp(2)).to.equal('resolved');
  });

  it('reports a failed write to health, says so once with the path, and tries again for health', async () => {
    await database.write('PRAGMA query_only = ON');
    for (const number of [2, 3]) expect(await signUp(number)).to.equal('database_unavailable');
    expect(await codeOf(clients.check())).to.equal('database_unavailable');
    expect(await codeOf(clients.find(idOf(1)))).to.equal('resolved');
    expect(errors().map(({ fields }) => fields)).to.deep.equal([{ database: path, code: 'SQLITE_READONLY' }]);
    await database.write('PRAGMA query_only = OFF');
    expect(await codeOf(clients.check())).to.equal('resolved');
    expect(await signUp(2)).to.equal('resolved');
  });

  it('remembers that it is damaged', async () => {
    await database.close();
    const file = await openFile(path, 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size - 4096, 0x55), 0, size - 4096, 4096);
    await file.close();
    lines = [];
    const opening = await SqliteDatabase.open(path, { logger: recordingLogger(lines) }).catch(
      (error: unknown) => error,
    );
    if (opening instanceof SqliteDatabase) {
      database = opening;
      clients = new SqliteClientRepository(database);
      await clients.find(idOf(1)).catch(() => undefined);
      expect(await codeOf(clients.check())).to.equal('database_unavailable');
      expect(errors()).to.have.length(1);
    } else expect(opening).to.be.instanceOf(Error).with.property('message').that.includes(path);
  });
});
