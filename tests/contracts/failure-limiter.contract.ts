import { expect } from 'chai';
import type { FailureLimit, FailureLimiter } from '#src/application/ports/failure-limiter.js';

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

    const LIMIT: FailureLimit = { scope: 'password', limit: 3, windowSeconds: 60, longestBlockSeconds: 200 };
    const attempt = (key = 'ada') => limiter.attempt(LIMIT, key);
    const fail = async (times: number) => {
      const decisions = await Promise.all(Array.from({ length: times }, () => attempt()));
      return decisions.filter(({ allowed }) => allowed).length;
    };

    beforeEach(async () => {
      opened = await harness.open();
      limiter = opened.limiter;
    });
    afterEach(() => opened.close());

    it('allows as many failures as the limit, also when they come at once', async () => {
      expect(await fail(200)).to.equal(3);
      expect((await attempt()).allowed).to.equal(false);
    });

    it('never counts what succeeded', async () => {
      for (let count = 0; count < 20; count += 1) {
        expect((await attempt()).allowed).to.equal(true);
        await limiter.giveBack(LIMIT, 'ada');
      }
      expect(await fail(5)).to.equal(3);
    });

    it('tells whether a block has begun, and counts nothing by that', async () => {
      for (let count = 0; count < 10; count += 1)
        expect((await limiter.peek(LIMIT, 'ada')).allowed).to.equal(true);
      expect(await fail(3)).to.equal(3);
      expect(await limiter.peek(LIMIT, 'ada')).to.include({ allowed: true, remaining: 0 });
      await fail(1);
      const { allowed, retryAfterMs, beginsBlock } = await limiter.peek(LIMIT, 'ada');
      expect({ allowed, beginsBlock }).to.deep.equal({ allowed: false, beginsBlock: false });
      expect(retryAfterMs).to.be.within(59_000, 60_000);
    });

    it('forgets failures at the end of the window that began with the first', async () => {
      await fail(2);
      await opened.advance(61_000);
      expect(await fail(4)).to.equal(3);
    });

    it('blocks twice as long each time, up to a bound, and says how long', async () => {
      for (const seconds of [60, 120, 200, 200]) {
        expect(await fail(3)).to.equal(3);
        const { retryAfterMs, allowed, beginsBlock } = await attempt();
        expect({ retryAfterMs, allowed, beginsBlock }).to.deep.equal({
          retryAfterMs: seconds * 1000,
          allowed: false,
          beginsBlock: true,
        });
        await opened.advance(seconds * 1000 - 5000);
        const later = await attempt();
        expect(later.retryAfterMs).to.be.within(4000, 5000);
        expect({ allowed: later.allowed, beginsBlock: later.beginsBlock }).to.deep.equal({
          allowed: false,
          beginsBlock: false,
        });
        await opened.advance(6000);
      }
    });

    it('begins with short blocks again after a day', async () => {
      await fail(4);
      await opened.advance(86_401_000);
      await fail(3);
      expect((await attempt()).retryAfterMs).to.equal(60_000);
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
