import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { restore, spy, stub, useFakeTimers } from 'sinon';
import { SqliteConnection } from '#src/adapters/sqlite/database/sqlite-connection.js';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { PacedWork } from '#src/adapters/sqlite/paced-work.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/repositories/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/repositories/sqlite-usage-repository.js';
import { utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';
import {
  characterOf,
  codeOf,
  credentialsOf,
  idOf,
  keyOf,
  MANY,
} from '#tests/contracts/client-repository.contract.js';
import { entryOf } from '#tests/contracts/usage-repository.contract.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';

const DAYS = utcDaysUntil(utcDayOf(Date.UTC(2026, 0, 31)), 30);
const FIRST_DAY = '2026-01-01';

/** Why a page of usage, however large, makes no turn wait. */
describe('pages of usage beside turns', () => {
  let folder: TestFolder;
  let database: SqliteDatabase;
  let usage: SqliteUsageRepository;
  let reader: SqliteConnection;
  let reporter: SqliteConnection;

  beforeEach(async () => {
    folder = await makeTestFolder();
    const opening = spy(SqliteConnection, 'open');
    database = await SqliteDatabase.open(join(folder.path, 'test.db'));
    const [, second, third] = await Promise.all(opening.returnValues);
    if (second === undefined || third === undefined)
      throw new Error('there are fewer than three connections');
    [reader, reporter] = [second, third];
    usage = new SqliteUsageRepository(database);
    await new SqliteClientRepository(database).create(credentialsOf(1), keyOf(1));
    await new SqliteCharacterRepository(database).create(idOf(1), characterOf(1), MANY);
    await usage.add(
      DAYS.flatMap((day) => [1, 2, 3].map((number) => entryOf({ day, characterId: idOf(number) }))),
      FIRST_DAY,
    );
  });

  afterEach(async () => {
    restore();
    await database.close();
    await folder.remove();
  });

  it('are read by one statement each, on a connection of their own', async () => {
    const reports = spy(reporter, 'run');
    const reads = spy(reader, 'run');
    expect(await usage.list(idOf(1), FIRST_DAY, 2)).to.have.length(3 * DAYS.length);
    expect(reports.callCount).to.equal(1);
    expect(reads.callCount).to.equal(0);
  });

  it('are read one at a time of all clients, with a rest in between', async () => {
    const reports = spy(reporter, 'run');
    const gate = new EventEmitter();
    const rest = () => {
      gate.emit('resting');
      return once(gate, 'rested');
    };
    let nowMs = 0;
    const nowMsOf = () => {
      nowMs += 1;
      return nowMs;
    };
    const pages = new SqliteUsageRepository(database, new PacedWork({ nowMs: nowMsOf, rest }));
    const resting = once(gate, 'resting');
    await pages.list(idOf(1), FIRST_DAY, 2);
    const other = pages.list(idOf(2), FIRST_DAY, 2);
    await resting;
    for (let round = 0; round < 20; round += 1) await new Promise(setImmediate);
    expect(reports.callCount).to.equal(1);
    gate.emit('rested');
    await other;
    expect(reports.callCount).to.equal(2);
  });

  it('are refused with overloaded when their turn does not come in time, and rest for 250 ms behind one that is stuck', async () => {
    const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const gate = new EventEmitter();
    const stuck = once(gate, 'stuck');
    const free = once(gate, 'free');
    const rests: number[] = [];
    const rest = async (ms: number) => void rests.push(ms);
    const pages = new SqliteUsageRepository(database, new PacedWork({ nowMs: () => clock.now, rest }));
    const report = stub(reporter, 'run').callsFake(async (...call) => {
      gate.emit('stuck');
      await free;
      return report.wrappedMethod(...call);
    });
    const first = codeOf(pages.list(idOf(1), FIRST_DAY, 2));
    await stuck;
    const others = [1, 2].map((number) => codeOf(pages.list(idOf(number), FIRST_DAY, 2)));
    clock.tick(5000);
    expect(await Promise.all([first, ...others])).to.deep.equal([
      'database_unavailable',
      'overloaded',
      'overloaded',
    ]);
    gate.emit('free');
    expect(await codeOf(pages.list(idOf(2), FIRST_DAY, 2))).to.equal('resolved');
    expect(rests[0]).to.equal(250);
    expect(report.callCount, 'those that are late are not read').to.equal(2);
  });

  it('let everything that a turn reads and writes through while one of them is stuck', async () => {
    const gate = new EventEmitter();
    const stuck = once(gate, 'stuck');
    const free = once(gate, 'free');
    const report = stub(reporter, 'run').callsFake(async (...call) => {
      gate.emit('stuck');
      await free;
      return report.wrappedMethod(...call);
    });
    const page = usage.list(idOf(1), FIRST_DAY, 2);
    await stuck;
    expect(await new SqliteClientRepository(database).findKeyVerifier(idOf(1))).to.not.equal(null);
    expect(await new SqliteCharacterRepository(database).find(idOf(1), idOf(1))).to.not.equal(null);
    const [today = ''] = DAYS.slice(-1);
    const before = await usage.tokensOn(idOf(1), '2026-01-31');
    await usage.add([entryOf()], FIRST_DAY);
    expect(await usage.tokensOn(idOf(1), '2026-01-31')).to.equal(before + 15);
    gate.emit('free');
    expect((await page).map(({ day }) => day)).to.include(today);
  });

  it('are built day by day, and let others go on in between', async () => {
    const row = {
      turns: 1,
      inputTokens: 1,
      outputTokens: 1,
      costliest: JSON.stringify([[idOf(1), 1, 1, 1]]),
    };
    stub(reporter, 'run').resolves(DAYS.map((day) => ({ day, ...row })));
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const page = await usage.list(idOf(1), FIRST_DAY, 2);
    clearImmediate(next);
    expect(page).to.have.length(DAYS.length);
    expect(turns).to.be.at.least(DAYS.length - 1);
  });
});
