import { expect } from 'chai';
import sinon, { type SinonFakeTimers } from 'sinon';
import { Pause } from '#src/application/async/pause.js';

describe('Pause', () => {
  let timers: SinonFakeTimers;
  let pause: Pause;
  let ended: number;
  const begin = (): void => {
    void pause.last(100).then(() => {
      ended += 1;
    });
  };

  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    pause = new Pause();
    ended = 0;
  });
  afterEach(() => timers.restore());

  it('lasts as long as it was asked to, each time', async () => {
    for (const time of [1, 2, 3]) {
      begin();
      await timers.tickAsync(99);
      expect(ended).to.equal(time - 1);
      await timers.tickAsync(1);
      expect(ended).to.equal(time);
    }
  });

  it('ends at once when it is woken, and leaves no timer; the next one lasts', async () => {
    begin();
    pause.wake();
    await timers.tickAsync(0);
    expect({ ended, timers: timers.countTimers() }).to.deep.equal({ ended: 1, timers: 0 });
    begin();
    await timers.tickAsync(99);
    expect(ended).to.equal(1);
  });

  it('does not begin when it was woken before, once', async () => {
    pause.wake();
    begin();
    await timers.tickAsync(0);
    expect({ ended, timers: timers.countTimers() }).to.deep.equal({ ended: 1, timers: 0 });
    begin();
    await timers.tickAsync(99);
    expect(ended).to.equal(1);
  });
});
