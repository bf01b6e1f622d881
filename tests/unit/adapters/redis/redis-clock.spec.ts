import { expect } from 'chai';
import { RedisClock } from '#src/adapters/redis/connection/redis-clock.js';

describe('RedisClock', () => {
  it('knows no moment before the first answer', () => {
    expect(new RedisClock().notAfter(1000)).to.equal(0);
  });

  it('never promises more time than there is, whenever within its round trip an answer was given', () => {
    const clock = new RedisClock();
    // 5,000 ahead; the answer was given as soon as it was asked for, or as late as it came.
    for (const given of [100, 180]) clock.learn(5000 + given, 100, 180);
    expect(clock.notAfter(1000)).to.be.within(5920, 6000);
  });

  it('is as exact as the fastest answer, whatever took long before and after it', () => {
    const clock = new RedisClock();
    clock.learn(5150, 100, 300);
    clock.learn(5301, 300, 302);
    clock.learn(5450, 400, 600);
    expect(clock.notAfter(1000)).to.be.within(5999, 6000);
  });

  it('believes the newest answer when the clock has been set, forwards or back', () => {
    const clock = new RedisClock();
    clock.learn(5101, 100, 102);
    clock.learn(3_605_201, 200, 202);
    expect(clock.notAfter(1000)).to.be.within(3_605_999, 3_606_000);
    clock.learn(1301, 300, 302);
    expect(clock.notAfter(1000)).to.be.within(1999, 2000);
  });
});
