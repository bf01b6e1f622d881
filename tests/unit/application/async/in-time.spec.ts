import { expect } from 'chai';
import { inTime } from '#src/application/async/in-time.js';

const NEVER = new Promise<string>(() => undefined);
const LONG_MS = 60_000;
const late = () => 'late';

describe('inTime', () => {
  it('gives what was waited for, and throws what that throws', async () => {
    const broken = new Error('broken');
    expect(await inTime(LONG_MS, Promise.resolve('in time'), late)).to.equal('in time');
    expect(await inTime(LONG_MS, Promise.reject(broken), late).catch((error: unknown) => error)).to.equal(
      broken,
    );
  });

  it('gives, or throws, what stands for a late answer', async () => {
    expect(await inTime(0, NEVER, late)).to.equal('late');
    const tooLate = new Error('too late');
    const thrown = inTime(0, NEVER, () => {
      throw tooLate;
    });
    expect(await thrown.catch((error: unknown) => error)).to.equal(tooLate);
  });

  it('takes an answer that has arrived while the process was busy, and calls nothing late', async () => {
    let calls = 0;
    const arrived = new Promise<string>((resolve) => setImmediate(resolve, 'arrived'));
    const waited = inTime(1, arrived, () => {
      calls += 1;
      return 'late';
    });
    const until = performance.now() + 5;
    while (performance.now() < until);
    expect(await waited).to.equal('arrived');
    expect(calls).to.equal(0);
  });
});
