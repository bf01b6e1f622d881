import { expect } from 'chai';
import { FairSemaphore } from '#src/application/async/fair-semaphore.js';
import { AppError } from '#src/domain/errors.js';

describe('FairSemaphore', () => {
  /** Work that stands still until it is released. */
  function piecesOfWork(
    semaphore: FairSemaphore,
    count: number,
    partiesOf = (index: number) => [`party ${index}`],
  ) {
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const results = Array.from({ length: count }, (_, index) =>
      semaphore.run(partiesOf(index), async () => {
        begun.push(index);
        await new Promise<void>((end) => {
          ends[index] = end;
        });
        return index;
      }),
    );
    const settled = new Promise(setImmediate);
    return { begun, ends, results, settled };
  }

  /** One after the other until none is left. @returns what became of each: its place in the order, or `overloaded`. */
  async function endAll({ begun, ends, results }: ReturnType<typeof piecesOfWork>) {
    const outcomes = results.map((result) =>
      result.then(
        (index) => begun.indexOf(index),
        (error: unknown) => (error instanceof AppError ? error.code : 'another error'),
      ),
    );
    for (let place = 0; place < results.length; place += 1) {
      await new Promise(setImmediate);
      ends[begun[place] ?? -1]?.();
    }
    return Promise.all(outcomes);
  }

  it('lets parties take turns, whoever came first with how many', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 9 });
    const parties = ['ada', 'ada', 'ada', 'ada', 'bob', 'bob', 'eve'];
    const work = piecesOfWork(semaphore, 7, (index) => [parties[index] ?? '']);
    expect(await endAll(work)).to.deep.equal([0, 1, 4, 6, 2, 5, 3]);
  });

  it('lets no party be passed over for ever by new ones', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 9 });
    const served: string[] = [];
    const run = (party: string) => semaphore.run([party], async () => void served.push(party));
    const running = [run('ada'), run('ada'), run('ada')];
    for (let count = 0; count < 20; count += 1) {
      running.push(run(`new ${count}`));
      await new Promise(setImmediate);
    }
    await Promise.all(running);
    expect(served.lastIndexOf('ada')).to.be.below(6);
  });

  it('takes what shares any of its parties for one more of the same', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 9 });
    const parties = [
      ['x', '1'],
      ['a', '1'],
      ['b', '1'],
      ['b', '2'],
      ['c', '3'],
    ];
    const work = piecesOfWork(semaphore, 5, (index) => parties[index] ?? []);
    expect(await endAll(work)).to.deep.equal([0, 1, 3, 4, 2]);
  });

  it('refuses of a full queue the newest piece of whoever waits with most, not the one that comes', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 3 });
    const parties = ['ada', 'ada', 'ada', 'ada', 'bob', 'eve', 'joe', 'ada', 'bob'];
    const work = piecesOfWork(semaphore, 9, (index) => [parties[index] ?? '']);
    const refused = 'overloaded';
    expect(await endAll(work)).to.deep.equal([0, 1, refused, refused, 2, 3, refused, refused, refused]);
  });

  it('runs as many as it may at a time, the others in order of arrival', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 2, maxWaiting: 3 });
    const { begun, ends, results, settled } = piecesOfWork(semaphore, 5);
    await settled;
    expect(begun).to.deep.equal([0, 1]);
    ends[1]?.();
    await results[1];
    await new Promise(setImmediate);
    expect(begun).to.deep.equal([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await Promise.all([results[0], results[2]]);
    await new Promise(setImmediate);
    expect(begun).to.deep.equal([0, 1, 2, 3, 4]);
    ends[3]?.();
    ends[4]?.();
    expect(await Promise.all(results)).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('refuses at once what would wait beyond its bound, and takes work again afterwards', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 1 });
    const { ends, results, settled } = piecesOfWork(semaphore, 2);
    const denial = await semaphore.run(['another'], async () => 'run').catch((error: unknown) => error);
    expect(denial).to.be.instanceOf(AppError).with.property('code', 'overloaded');
    await settled;
    ends[0]?.();
    await results[0];
    await new Promise(setImmediate);
    ends[1]?.();
    await results[1];
    expect(await semaphore.run(['another'], async () => 'run')).to.equal('run');
  });

  it('frees the place of work that failed', async () => {
    const semaphore = new FairSemaphore({ maxConcurrent: 1, maxWaiting: 0 });
    const failure = new Error('it failed');
    const caught = await semaphore
      .run(['one'], () => Promise.reject(failure))
      .catch((error: unknown) => error);
    expect(caught).to.equal(failure);
    expect(await semaphore.run(['another'], async () => 'run')).to.equal('run');
  });
});
