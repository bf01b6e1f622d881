import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { WorkQueue } from '#src/adapters/sqlite/database/work-queue.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';

describe('WorkQueue', () => {
  let clock: SinonFakeTimers;
  let queue: WorkQueue;
  let log: string[];

  /** A task that runs until it is released. */
  const held = (name: string) => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let late: () => boolean = () => false;
    const result = queue.run(async (isLate) => {
      late = isLate;
      log.push(`${name} begins`);
      await ended;
      log.push(`${name} ends`);
      return name;
    });
    return { end, isLate: () => late(), result };
  };

  beforeEach(() => {
    clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    queue = new WorkQueue({ maxWaiting: 2, timeoutMs: 1000 });
    log = [];
  });

  afterEach(() => {
    clock.restore();
  });

  it('runs one task at a time in order of arrival, also after one that failed', async () => {
    const first = held('first');
    const second = queue.run(async () => {
      log.push('second');
      throw new TypeError('of the task');
    });
    const third = held('third');
    third.end();
    expect(log).to.deep.equal(['first begins']);
    first.end();
    expect(await first.result).to.equal('first');
    expect(await second.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    expect(await third.result).to.equal('third');
    expect(log).to.deep.equal(['first begins', 'first ends', 'second', 'third begins', 'third ends']);
  });

  it('waits to its end, however late, for a task whose deadline is for the wait alone', async () => {
    const first = held('first');
    const outcomes = Promise.all([
      codeOf(first.result),
      codeOf(queue.runToEnd(async () => log.push('never'))),
    ]);
    await clock.tickAsync(1001);
    expect(await outcomes).to.deep.equal(['database_unavailable', 'database_unavailable']);
    let end: (value: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    const toEnd = codeOf(queue.runToEnd(() => ended));
    first.end();
    await clock.tickAsync(5000);
    end('at last');
    expect(await toEnd).to.equal('resolved');
    expect(log).to.deep.equal(['first begins', 'first ends']);
  });

  it('refuses with overloaded what would wait beyond the bound, and takes more when there is room', async () => {
    const running = held('running');
    const waiting = [held('a'), held('b')];
    expect(await codeOf(held('c').result)).to.equal('overloaded');
    for (const task of [running, ...waiting]) task.end();
    await Promise.all([running, ...waiting].map((task) => task.result));
    const after = held('d');
    after.end();
    expect(await after.result).to.equal('d');
    expect(log).to.not.include('c begins');
  });

  it('answers database_unavailable at the deadline, lets nobody in beside the task, and never starts one that is late', async () => {
    const stuck = held('stuck');
    const codes = [stuck, held('waiting')].map((task) => codeOf(task.result));
    await clock.tickAsync(999);
    expect(stuck.isLate()).to.equal(false);
    const young = held('young');
    await clock.tickAsync(1);
    expect(await Promise.all(codes)).to.deep.equal(['database_unavailable', 'database_unavailable']);
    expect(stuck.isLate()).to.equal(true);
    expect(log).to.deep.equal(['stuck begins']);
    stuck.end();
    young.end();
    expect(await young.result).to.equal('young');
    expect(log).to.deep.equal(['stuck begins', 'stuck ends', 'young begins', 'young ends']);
  });

  it('makes room when a waiting task is late', async () => {
    const stuck = held('stuck');
    const late = [held('a'), held('b')].map((task) => codeOf(task.result));
    const stuckCode = codeOf(stuck.result);
    await clock.tickAsync(1000);
    expect(await Promise.all(late)).to.deep.equal(['database_unavailable', 'database_unavailable']);
    const next = held('next');
    stuck.end();
    next.end();
    expect(await next.result).to.equal('next');
    expect(await stuckCode).to.equal('database_unavailable');
  });

  it('leaves no timer behind', async () => {
    await queue.run(async () => undefined);
    await queue.close();
    expect(clock.countTimers()).to.equal(0);
  });

  it('closes when all that was taken has ended, and takes nothing new', async () => {
    const running = held('running');
    const waiting = held('waiting');
    const closed = queue.close().then(() => log.push('closed'));
    expect(await codeOf(held('new').result)).to.equal('database_unavailable');
    running.end();
    waiting.end();
    await closed;
    expect(log).to.deep.equal(['running begins', 'running ends', 'waiting begins', 'waiting ends', 'closed']);
    expect(clock.countTimers()).to.equal(0);
  });

  it('gives up closing when a task does not end in time', async () => {
    const stuck = codeOf(held('stuck').result);
    const closed = codeOf(queue.close());
    await clock.tickAsync(1000);
    expect(await closed).to.equal('database_unavailable');
    expect(await stuck).to.equal('database_unavailable');
  });
});
