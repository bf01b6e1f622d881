import { expect } from 'chai';
import sinon, { type SinonFakeTimers } from 'sinon';
import { RepeatedTask } from '#src/application/background/repeated-task.js';

describe('RepeatedTask', () => {
  let timers: SinonFakeTimers;
  let ends: (() => void)[];
  let task: RepeatedTask;

  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    ends = [];
    task = new RepeatedTask({
      intervalMs: 1000,
      run: () => new Promise((resolve) => ends.push(resolve)),
    });
    task.start();
  });
  afterEach(() => {
    expect(timers.countTimers(), 'timers left behind').to.equal(0);
    timers.restore();
  });
  const settle = () => new Promise(setImmediate);

  it('runs once at a time, and again when a run is over, until it is stopped', async () => {
    timers.tick(999);
    expect(ends).to.have.length(0);
    timers.tick(2001);
    expect(ends).to.have.length(1);
    ends[0]?.();
    await settle();
    timers.tick(1000);
    expect(ends).to.have.length(2);
    ends[1]?.();
    await settle();
    task.stop();
    timers.tick(5000);
    expect(ends).to.have.length(2);
  });

  it('finishes with a last run behind the one that is under way', async () => {
    timers.tick(1000);
    let isOver = false;
    const finished = task.finish().then(() => {
      isOver = true;
    });
    await settle();
    expect(ends).to.have.length(1);
    ends[0]?.();
    await settle();
    expect(ends).to.have.length(2);
    expect(isOver).to.equal(false);
    ends[1]?.();
    await finished;
  });
});
