import { EventEmitter, once } from 'node:events';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { restore, type SinonFakeTimers, spy, stub, useFakeTimers } from 'sinon';
import { FileSweep } from '#src/adapters/sqlite/database/file-sweep.js';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { SqliteDatabase, type SqliteDatabaseOptions } from '#src/adapters/sqlite/database/sqlite-database.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

const ERASE = `DELETE FROM meta WHERE key = 'a'`;

describe('FileSweep', () => {
  let clock: SinonFakeTimers;
  let folder: TestFolder;
  let connection: SqliteConnection;

  beforeEach(async () => {
    folder = await makeTestFolder();
    connection = await SqliteConnection.open(join(folder.path, 'test.db'), 'write');
    clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(async () => {
    restore();
    clock.restore();
    await connection.close();
    await folder.remove();
  });

  /** What is done on the writing connection, with the seconds at which it is; `outcome` is how it ends. */
  const sweepOf = (outcome: () => boolean) => {
    const done: [string, number][] = [];
    stub(connection, 'truncateLog').callsFake(async () => {
      done.push(['truncate', clock.now / 1000]);
      return outcome();
    });
    stub(connection, 'compact').callsFake(async () => {
      done.push(['compact', clock.now / 1000]);
      return outcome();
    });
    const options = { truncateAfterMs: 1000, compactAfterMs: 100_000, write: async () => false };
    const sweep = new FileSweep({ ...options, write: (task) => task(connection) });
    return { sweep, of: (what: string) => done.filter(([each]) => each === what).map(([, at]) => at) };
  };

  it('rewrites once however much is erased meanwhile, and no sooner than the delay after the last time', async () => {
    const { sweep, of } = sweepOf(() => true);
    for (let second = 0; second < 250; second += 1) {
      sweep.noteErasure();
      await clock.tickAsync(1000);
    }
    expect(of('compact')).to.deep.equal([100, 200]);
  });

  it('grows the delay with each failure, to eight times its length, and goes back to it afterwards', async () => {
    let works = false;
    const { sweep, of } = sweepOf(() => works);
    sweep.noteErasure();
    await clock.tickAsync(2_400_000);
    expect(of('compact')).to.deep.equal([100, 300, 700, 1500, 2300]);
    works = true;
    await clock.tickAsync(800_000);
    sweep.noteErasure();
    await clock.tickAsync(100_000);
    expect(of('compact').slice(5)).to.deep.equal([3100, 3300]);
  });

  it('empties the log after a rewrite', async () => {
    const { sweep, of } = sweepOf(() => true);
    sweep.noteErasure();
    await clock.tickAsync(101_000);
    expect(of('truncate')).to.deep.equal([101]);
  });
});

describe('the sweep of an SQLite database', () => {
  let folder: TestFolder;
  let path: string;

  beforeEach(async () => {
    folder = await makeTestFolder();
    path = join(folder.path, 'test.db');
  });

  afterEach(async () => {
    restore();
    await folder.remove();
  });

  const open = (options?: SqliteDatabaseOptions) => SqliteDatabase.open(path, options);

  it('does not repeat a rewrite that took longer than a call may', async () => {
    const database = await open({ timeoutMs: 50, compactAfterMs: 5 });
    const gate = new EventEmitter();
    const begun = once(gate, 'begun');
    const rewrite = stub(SqliteConnection.prototype, 'compact').callsFake(async () => {
      const ended = once(gate, 'end');
      gate.emit('begun');
      await ended;
      return true;
    });
    await database.erase(ERASE);
    await begun;
    expect(await codeOf(database.write(ERASE))).to.equal('database_unavailable');
    gate.emit('end');
    expect(await codeOf(database.write(ERASE))).to.equal('resolved');
    await delay(100);
    expect(rewrite.callCount).to.equal(1);
    await database.close();
  });

  it('counts an erasure whose write failed after it was done', async () => {
    const database = await open();
    await rename(path, `${path}.away`);
    expect(await codeOf(database.erase(ERASE))).to.equal('database_unavailable');
    await rename(`${path}.away`, path);
    const rewrite = spy(SqliteConnection.prototype, 'compact');
    await database.close();
    expect(rewrite.callCount).to.equal(1);
  });

  for (const step of ['compact', 'truncateLog'] as const) {
    it(`opens though ${step} fails`, async () => {
      const failing = stub(SqliteConnection.prototype, step).rejects(
        Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' }),
      );
      const database = await open();
      failing.restore();
      expect(await codeOf(database.check())).to.equal('resolved');
      await database.close();
    });
  }
});
