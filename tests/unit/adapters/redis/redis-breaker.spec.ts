import { expect } from 'chai';
import sinon, { type SinonFakeTimers } from 'sinon';
import { RedisBreaker } from '#src/adapters/redis/connection/redis-breaker.js';

describe('RedisBreaker', () => {
  let timers: SinonFakeTimers;
  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => timers.restore());

  it('asks no more once it is stopped, not even when a question was under way', async () => {
    const answers: (() => void)[] = [];
    let asked = 0;
    const breaker = new RedisBreaker({
      probe: () => {
        asked += 1;
        return new Promise((_resolve, reject) => answers.push(() => reject(new Error('closed'))));
      },
      onOpen: () => undefined,
      onClose: () => undefined,
    });
    breaker.open(new Error('away'));
    await timers.tickAsync(200);
    expect(asked).to.equal(1);
    breaker.stop();
    for (const answer of answers) answer();
    await timers.tickAsync(1000);
    expect(asked).to.equal(1);
  });

  it('does not ask once more when it is stopped between two questions', async () => {
    let asked = 0;
    const breaker = new RedisBreaker({
      probe: async () => {
        asked += 1;
        throw new Error('away');
      },
      onOpen: () => undefined,
      onClose: () => undefined,
    });
    breaker.open(new Error('away'));
    await timers.tickAsync(200);
    expect(asked).to.equal(1);
    breaker.stop();
    expect(timers.countTimers()).to.equal(0);
    await timers.tickAsync(1000);
    expect(asked).to.equal(1);
  });

  it('does not take the end of its connection for an absence', () => {
    const reported: unknown[] = [];
    const breaker = new RedisBreaker({
      probe: async () => undefined,
      onOpen: (error) => reported.push(error),
      onClose: () => undefined,
    });
    breaker.stop();
    for (let times = 0; times < 5; times += 1) breaker.failed(new Error('closed'));
    expect(reported).to.deep.equal([]);
  });
});
