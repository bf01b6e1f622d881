import { expect } from 'chai';
import type { FailureLimit, FailureLimiter } from '#src/application/limits/failure-limiter.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';

export interface OpenedFailureLimiter {
  readonly limiter: FailureLimiter;
  /** Lets the windows that have begun come nearer to their end. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface FailureLimiterHarness {
  readonly name: string;
  open(): Promise<OpenedFailureLimiter>;
}

/** Everything that a {@link FailureLimiter} promises, wherever it counts. */
export function failureLimiterContract(harness: FailureLimiterHarness): void {
  describe(`FailureLimiter: ${harness.name}`, () => {
    let opened: OpenedFailureLimiter;
    let limiter: FailureLimiter;

    const LIMIT: FailureLimit = { scope: 'password', limit: 3, windowSeconds: 60, maxBlockSeconds: 200 };
    const attempt = (key = 'ada') => limiter.attempt(LIMIT, key);
    const attempts = async (times: number) => {
      const decisions = await Promise.all(Array.from({ length: times }, () => attempt()));
      return decisions.filter(({ allowed }) => allowed).length;
    };
    /** How many were allowed, and how many blocks they began. */
    const fail = async (times: number) => {
      const allowed = await attempts(times);
      const begun = await Promise.all(Array.from({ length: allowed }, () => limiter.fail(LIMIT, 'ada')));
      return { allowed, blocks: begun.filter(Boolean).length };
    };

    beforeEach(async () => {
      opened = await harness.open();
      limiter = opened.limiter;
    });
    afterEach(() => opened.close());

    it('allows as many failures as the limit, also when they come at once', async () => {
      expect(await fail(200)).to.deep.equal({ allowed: 3, blocks: 1 });
      expect(await attempt()).to.include({ allowed: false, isBlocked: true });
    });

    it('lets whoever waits for the seconds of Retry-After in, wherever in its block it was refused', async () => {
      for (const passedMs of [0, 1, 400, 20_499, 20_500, 20_999, 58_400, 59_001]) {
        const key = `ada ${passedMs}`;
        for (let count = 0; count < 3; count += 1) {
          await attempt(key);
          await limiter.fail(LIMIT, key);
        }
        await opened.advance(passedMs);
        const refused = new RateLimitedError(await attempt(key));
        expect(refused.decision.allowed).to.equal(false);
        await opened.advance((refused.retryAfterSeconds ?? 0) * 1000);
        expect((await attempt(key)).allowed, `after ${passedMs} ms`).to.equal(true);
      }
    });

    it('refuses for the moment what is one too many at once, and punishes nobody for it afterwards', async () => {
      expect(await attempts(50)).to.equal(3);
      expect(await attempt()).to.include({ allowed: false, isBlocked: false });
      for (let count = 0; count < 3; count += 1) await limiter.giveBack(LIMIT, 'ada');
      expect(await fail(50)).to.deep.equal({ allowed: 3, blocks: 1 });
      expect((await attempt()).retryAfterMs).to.be.within(50_000, 60_000);
    });

    it('takes nothing for a failure that is still under way', async () => {
      expect(await attempts(3)).to.equal(3);
      expect(await limiter.fail(LIMIT, 'ada')).to.equal(false);
      await limiter.giveBack(LIMIT, 'ada');
      await limiter.giveBack(LIMIT, 'ada');
      expect(await fail(3)).to.deep.equal({ allowed: 2, blocks: 1 });
    });

    it('owes nothing for what is given back after its window', async () => {
      expect(await attempts(2)).to.equal(2);
      await opened.advance(61_000);
      await limiter.giveBack(LIMIT, 'ada');
      await limiter.giveBack(LIMIT, 'ada');
      expect(await attempts(10)).to.equal(3);
    });

    it('never counts what succeeded', async () => {
      for (let count = 0; count < 20; count += 1) {
        expect((await attempt()).allowed).to.equal(true);
        await limiter.giveBack(LIMIT, 'ada');
      }
      expect((await fail(5)).allowed).to.equal(3);
    });

    it('shows whether a block has begun, and counts nothing by that', async () => {
      for (let count = 0; count < 10; count += 1)
        expect((await limiter.peek(LIMIT, 'ada')).allowed).to.equal(true);
      expect((await fail(2)).allowed).to.equal(2);
      expect(await limiter.peek(LIMIT, 'ada')).to.include({ allowed: true, remaining: 0 });
      await fail(1);
      const { allowed, isBlocked, retryAfterMs } = await limiter.peek(LIMIT, 'ada');
      expect({ allowed, isBlocked }).to.deep.equal({ allowed: false, isBlocked: true });
      expect(retryAfterMs).to.be.within(50_000, 60_000);
    });

    it('forgets failures at the end of the window that began with the first', async () => {
      await fail(2);
      await opened.advance(61_000);
      expect(await fail(4)).to.deep.equal({ allowed: 3, blocks: 1 });
    });

    it('answers in the order in which it was asked', async () => {
      const wrong = [attempt(), attempt(), attempt()];
      const { allowed } = await limiter.peek(LIMIT, 'ada');
      expect(allowed).to.equal(false);
      await Promise.all(wrong);
    });

    it('blocks twice as long each time, up to a bound, and says how long', async () => {
      for (const seconds of [60, 120, 200, 200]) {
        expect(await fail(3)).to.deep.equal({ allowed: 3, blocks: 1 });
        expect((await attempt()).retryAfterMs).to.be.within(seconds * 1000 - 10_000, seconds * 1000);
        await opened.advance(seconds * 1000 - 5000);
        const later = await attempt();
        expect(later.retryAfterMs).to.be.within(1, 5000);
        expect(later).to.include({ allowed: false, isBlocked: true });
        await opened.advance(6000);
      }
    });

    it('makes no block longer for what is tried during it', async () => {
      await fail(3);
      for (let second = 0; second < 58; second += 2) {
        expect((await attempt()).allowed).to.equal(false);
        await opened.advance(2000);
      }
      expect((await attempt()).retryAfterMs).to.be.within(1, 2000);
      await opened.advance(3000);
      expect(await attempt()).to.include({ allowed: true, isBlocked: false });
    });

    it('begins with short blocks again after a day', async () => {
      await fail(4);
      await opened.advance(86_401_000);
      await fail(3);
      expect((await attempt()).retryAfterMs).to.be.within(50_000, 60_000);
    });

    it('does not end a block early when something is given back meanwhile', async () => {
      await fail(4);
      for (let count = 0; count < 10; count += 1) await limiter.giveBack(LIMIT, 'ada');
      expect((await attempt()).allowed).to.equal(false);
    });

    it('counts each key by itself, whatever it is made of', async () => {
      await fail(4);
      for (const key of ['bob', 'ada ', 'ada\n', 'x'.repeat(10_000), '{ada}', 'ädä']) {
        expect((await attempt(key)).allowed, key).to.equal(true);
      }
    });
  });
}
