import { expect } from 'chai';
import { Gate } from '#src/adapters/bcrypt/gate.js';
import { AppError } from '#src/domain/app-error.js';

describe('Gate', () => {
  /** Work that stands still until it is told to end. */
  function piecesOfWork(gate: Gate, count: number) {
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const results = Array.from({ length: count }, (_, index) =>
      gate.run(async () => {
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

  it('runs as many as it may at a time, the others in order of arrival', async () => {
    const gate = new Gate({ maxConcurrent: 2, maxWaiting: 3 });
    const { begun, ends, results, settled } = piecesOfWork(gate, 5);
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
    const gate = new Gate({ maxConcurrent: 1, maxWaiting: 1 });
    const { ends, results, settled } = piecesOfWork(gate, 2);
    const refusal = await gate.run(async () => 'run').catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(AppError).with.property('code', 'overloaded');
    await settled;
    ends[0]?.();
    await results[0];
    await new Promise(setImmediate);
    ends[1]?.();
    await results[1];
    expect(await gate.run(async () => 'run')).to.equal('run');
  });

  it('frees the place of work that failed', async () => {
    const gate = new Gate({ maxConcurrent: 1, maxWaiting: 0 });
    const failure = new Error('it failed');
    const caught = await gate.run(() => Promise.reject(failure)).catch((error: unknown) => error);
    expect(caught).to.equal(failure);
    expect(await gate.run(async () => 'run')).to.equal('run');
  });
});
