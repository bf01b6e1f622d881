import { expect } from 'chai';
import { sha256Digest } from '#src/adapters/crypto/sha256-digest.js';
import { MemoryCounters } from '#src/adapters/memory/counters/memory-counters.js';
import type { FailureLimit } from '#src/application/limits/failure-limiter.js';
import { FailureLimiter } from '#src/application/limits/failure-limiter.js';
import { KnownAddresses } from '#src/application/limits/known-addresses.js';
import type { RateLimit } from '#src/application/limits/rate-limit.js';
import { RateLimiter } from '#src/application/limits/rate-limiter.js';
import { failureLimiterContract } from '#tests/contracts/failure-limiter.contract.js';
import { knownAddressesContract } from '#tests/contracts/known-addresses.contract.js';
import { rateLimiterContract } from '#tests/contracts/rate-limiter.contract.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

function time() {
  const clock = new ManualClock();
  return { clock, advance: async (ms: number) => clock.advance(ms), close: async () => undefined };
}

rateLimiterContract({
  name: 'memory',
  open: async () => {
    const { clock, ...opened } = time();
    return {
      ...opened,
      limiter: new RateLimiter({ counters: new MemoryCounters(clock), instances: 1, clock }),
    };
  },
});

failureLimiterContract({
  name: 'memory',
  open: async () => {
    const { clock, ...opened } = time();
    return {
      ...opened,
      limiter: new FailureLimiter({
        counters: new MemoryCounters(clock),
        instances: 1,
        clock,
        digest: sha256Digest,
      }),
    };
  },
});

knownAddressesContract({
  name: 'memory',
  open: async () => {
    const { clock, ...opened } = time();
    return {
      ...opened,
      addresses: new KnownAddresses({ counters: new MemoryCounters(clock), digest: sha256Digest }),
    };
  },
});

const HOUR_MS = 3_600_000;
const WALL_CLOCKS = [
  ['set back', -5],
  ['set forward', 5],
] as const;

describe('RateLimiter in memory', () => {
  const LIMIT: RateLimit = { scope: 'ip', limit: 10, windowSeconds: 60 };
  const limiterOf = (instances: number, maxKeys?: number, clock = new ManualClock()) =>
    new RateLimiter({ counters: new MemoryCounters(clock, maxKeys), instances, clock });

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

  for (const [how, hours] of WALL_CLOCKS) {
    it(`counts in windows of their own length when the wall clock is ${how}`, async () => {
      const clock = new ManualClock();
      const limiter = limiterOf(1, undefined, clock);
      for (let count = 0; count < 9; count += 1) await limiter.consume(LIMIT, 'a');
      clock.setWallBy(hours * HOUR_MS);
      clock.advance(20_000);
      expect(await limiter.consume(LIMIT, 'a')).to.include({ allowed: true, remaining: 0, resetMs: 40_000 });
      expect(await limiter.consume(LIMIT, 'a')).to.include({ allowed: false, retryAfterMs: 40_000 });
      clock.advance(40_000);
      expect(await limiter.consume(LIMIT, 'a')).to.include({ allowed: true, remaining: 9 });
    });
  }

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

describe('FailureLimiter in memory', () => {
  for (const [how, hours] of WALL_CLOCKS) {
    it(`holds a block for its time, and no longer, when the wall clock is ${how}`, async () => {
      const limit: FailureLimit = { scope: 'password', limit: 1, windowSeconds: 60, maxBlockSeconds: 60 };
      const clock = new ManualClock();
      const counters = new MemoryCounters(clock);
      const limiter = new FailureLimiter({ counters, instances: 1, clock, digest: sha256Digest });
      await limiter.attempt(limit, 'ada');
      expect(await limiter.fail(limit, 'ada')).to.equal(true);
      clock.setWallBy(hours * HOUR_MS);
      clock.advance(59_000);
      expect(await limiter.attempt(limit, 'ada')).to.include({ allowed: false, retryAfterMs: 1000 });
      clock.advance(1000);
      expect(await limiter.attempt(limit, 'ada')).to.include({ allowed: true });
    });
  }

  it('forgets no block for attempts that were given back', async () => {
    const limit: FailureLimit = { scope: 'password', limit: 1, windowSeconds: 60, maxBlockSeconds: 60 };
    const clock = new ManualClock();
    const counters = new MemoryCounters(clock, 100);
    const limiter = new FailureLimiter({ counters, instances: 1, clock, digest: sha256Digest });
    await limiter.attempt(limit, 'blocked');
    await limiter.fail(limit, 'blocked');
    for (let count = 0; count < 300; count += 1) {
      expect((await limiter.attempt(limit, `key-${count}`)).allowed).to.equal(true);
      await limiter.giveBack(limit, `key-${count}`);
    }
    expect((await limiter.attempt(limit, 'blocked')).allowed).to.equal(false);
  });
});
