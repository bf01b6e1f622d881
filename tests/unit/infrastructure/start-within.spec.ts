import { expect } from 'chai';
import sinon from 'sinon';
import { type StartProgress, StartTimeout, startWithin } from '#src/infrastructure/start-within.js';

const never = new Promise<never>(() => undefined);

describe('startWithin', () => {
  it('gives what was started, and leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    // The test's own timer begins behind its first step.
    await new Promise((resolve) => setImmediate(resolve));
    const before = timers();
    const outcome = await startWithin(async () => 'app', { timeoutMs: 60_000, stopped: never });
    expect(outcome).to.deep.equal({ kind: 'started', value: 'app' });
    expect(timers()).to.equal(before);
  });

  it('throws what the start throws', async () => {
    const failure = new Error('no such folder');
    const start = () => Promise.reject(failure);
    const thrown = await startWithin(start, { timeoutMs: 60_000, stopped: never }).catch((error) => error);
    expect(thrown).to.equal(failure);
  });

  it('names the step at which a start hangs', async () => {
    const start = (progress: StartProgress) => {
      progress.begin('the first');
      progress.begin('the second');
      return never;
    };
    const thrown = await startWithin(start, { timeoutMs: 10, stopped: never }).catch((error) => error);
    expect(thrown).to.be.instanceOf(StartTimeout);
    expect(thrown.message).to.equal('It has not started within 0.01 s: it hangs at the second.');
  });

  it('ends a start that is not wanted any more at its next step', async () => {
    const closed = sinon.spy();
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const start = async (progress: StartProgress) => {
      try {
        progress.begin('the first');
        stop();
        await new Promise((resolve) => setImmediate(resolve));
        progress.begin('the second');
        return 'app';
      } finally {
        closed();
      }
    };
    expect(await startWithin(start, { timeoutMs: 60_000, stopped })).to.deep.equal({
      kind: 'stopped',
      hangs: false,
    });
    expect(closed.callCount).to.equal(1);
  });

  it('waits a while, and no longer, for one that does not give way', async () => {
    const outcome = await startWithin(() => never, {
      timeoutMs: 60_000,
      stopped: Promise.resolve(),
      givesWayWithinMs: 10,
    });
    expect(outcome).to.deep.equal({ kind: 'stopped', hangs: true });
  });

  it('hands over what was started all the same in the moment of the signal', async () => {
    let finish = (_app: string) => {};
    const start = () =>
      new Promise<string>((resolve) => {
        finish = resolve;
      });
    const outcome = startWithin(start, { timeoutMs: 60_000, stopped: Promise.resolve() });
    await new Promise((resolve) => setImmediate(resolve));
    finish('app');
    expect(await outcome).to.deep.equal({ kind: 'started', value: 'app' });
  });
});
