import { expect } from 'chai';
import sinon from 'sinon';
import { FlexibleFailureLimiter } from '#src/adapters/rate-limiter-flexible/flexible-failure-limiter.js';
import { FlexibleKnownAddresses } from '#src/adapters/rate-limiter-flexible/flexible-known-addresses.js';
import { FlexibleRateLimiter } from '#src/adapters/rate-limiter-flexible/flexible-rate-limiter.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import type { FailureLimit } from '#src/application/ports/failure-limiter.js';
import type { RateLimit } from '#src/application/ports/rate-limiter.js';
import { failureLimiterContract } from '#tests/contracts/failure-limiter.contract.js';
import { knownAddressesContract } from '#tests/contracts/known-addresses.contract.js';
import { rateLimiterContract } from '#tests/contracts/rate-limiter.contract.js';
import { ManualClock } from '#tests/support/manual-clock.js';

/** The library goes by Date and its own timers, the limiter by the clock it was given. */
function time() {
  const timers = sinon.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const clock = new ManualClock();
  return {
    clock,
    advance: async (ms: number) => {
      clock.advance(ms);
      timers.tick(ms);
    },
    close: async () => timers.restore(),
  };
}

rateLimiterContract({
  name: 'memory',
  open: async () => {
    const { clock, ...opened } = time();
    return {
      ...opened,
      limiter: new FlexibleRateLimiter({ counters: new MemoryCounters(), instances: 1, clock }),
    };
  },
});

failureLimiterContract({
  name: 'memory',
  open: async () => {
    const { clock, ...opened } = time();
    return {
      ...opened,
      limiter: new FlexibleFailureLimiter({ counters: new MemoryCounters(), instances: 1, clock }),
    };
  },
});

knownAddressesContract({
  name: 'memory',
  open: async () => {
    const { advance, close } = time();
    return { advance, close, addresses: new FlexibleKnownAddresses(new MemoryCounters()) };
  },
});

describe('FlexibleRateLimiter in memory', () => {
  const LIMIT: RateLimit = { scope: 'ip', limit: 10, windowSeconds: 60 };
  const limiterOf = (instances: number, maxKeys?: number) =>
    new FlexibleRateLimiter({ counters: new MemoryCounters(maxKeys), instances, clock: new ManualClock() });

  it('gives out its share of the limit where several processes share it, and at least one', async () => {
    for (const [instances, share] of [
      [1, 10],
      [3, 3],
      [4, 2],
      [100, 1],
    ] as const) {
      const limiter = limiterOf(instances);
      const decisions = await Promise.all(Array.from({ length: 12 }, () => limiter.consume(LIMIT, 'a')));
      expect(decisions.filter(({ allowed }) => allowed)).to.have.length(share);
      expect(decisions[0]?.limit).to.equal(share);
    }
  });

  it('holds no more keys than it may: those silent for longest are forgotten, within their own scope', async () => {
    const limiter = limiterOf(1, 100);
    await limiter.consume({ ...LIMIT, scope: 'signup' }, 'old');
    await limiter.consume(LIMIT, 'old');
    for (let count = 0; count < 99; count += 1) await limiter.consume(LIMIT, `key-${count}`);
    expect((await limiter.consume(LIMIT, 'old')).remaining).to.equal(8);
    for (let count = 0; count < 100; count += 1) await limiter.consume(LIMIT, `later-${count}`);
    expect((await limiter.consume(LIMIT, 'old')).remaining).to.equal(9);
    expect((await limiter.consume({ ...LIMIT, scope: 'signup' }, 'old')).remaining).to.equal(8);
  });
});

describe('FlexibleFailureLimiter in memory', () => {
  it('forgets no block for attempts that were given back', async () => {
    const limit: FailureLimit = { scope: 'password', limit: 1, windowSeconds: 60, longestBlockSeconds: 60 };
    const counters = new MemoryCounters(100);
    const limiter = new FlexibleFailureLimiter({ counters, instances: 1, clock: new ManualClock() });
    await limiter.attempt(limit, 'blocked');
    await limiter.fail(limit, 'blocked');
    for (let count = 0; count < 300; count += 1) {
      expect((await limiter.attempt(limit, `key-${count}`)).allowed).to.equal(true);
      await limiter.giveBack(limit, `key-${count}`);
    }
    expect((await limiter.attempt(limit, 'blocked')).allowed).to.equal(false);
  });
});
