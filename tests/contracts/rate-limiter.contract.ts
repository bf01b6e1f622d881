import { expect } from 'chai';
import type { RateLimit } from '#src/application/limits/rate-limit.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { RateLimiter } from '#src/application/limits/rate-limiter.js';

export interface OpenedRateLimiter {
  readonly limiter: RateLimiter;
  /** Lets the windows that have begun come nearer to their end. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface RateLimiterHarness {
  readonly name: string;
  open(): Promise<OpenedRateLimiter>;
}

/** Everything that a {@link RateLimiter} promises, wherever it counts. */
export function rateLimiterContract(harness: RateLimiterHarness): void {
  describe(`RateLimiter: ${harness.name}`, () => {
    let opened: OpenedRateLimiter;
    let limiter: RateLimiter;

    const CHAT: RateLimit = { scope: 'chat', limit: 3, windowSeconds: 60 };
    const consume = (times: number, limit = CHAT, key = 'ada') =>
      Promise.all(Array.from({ length: times }, () => limiter.consume(limit, key)));
    const allowed = async (...args: Parameters<typeof consume>) =>
      (await consume(...args)).filter((decision) => decision.allowed).length;

    beforeEach(async () => {
      opened = await harness.open();
      limiter = opened.limiter;
    });
    afterEach(() => opened.close());

    it('allows as many as the limit, and says what remains', async () => {
      for (const remaining of [2, 1, 0]) {
        const decision = await limiter.consume(CHAT, 'ada');
        const { resetMs, ...rest } = decision;
        expect(rest).to.deep.equal({
          scope: 'chat',
          allowed: true,
          limit: 3,
          windowSeconds: 60,
          remaining,
          retryAfterMs: 0,
          beginsBlock: false,
        });
        expect(resetMs).to.be.within(50_000, 60_000);
      }
    });

    it('refuses every further one until the window ends, and says when that is', async () => {
      await consume(3);
      await opened.advance(20_000);
      for (const beginsBlock of [true, false, false]) {
        const { resetMs, retryAfterMs, ...rest } = await limiter.consume(CHAT, 'ada');
        expect(rest).to.deep.equal({
          scope: 'chat',
          allowed: false,
          limit: 3,
          windowSeconds: 60,
          remaining: 0,
          beginsBlock,
        });
        expect(resetMs).to.be.within(30_000, 40_000);
        expect(retryAfterMs).to.equal(resetMs);
      }
      await opened.advance(39_000 - 500);
      expect(await allowed(1)).to.equal(0);
      await opened.advance(1500);
      expect(await allowed(4)).to.equal(3);
    });

    it('lets whoever waits for the seconds of Retry-After in, wherever in its window it was refused', async () => {
      for (const passedMs of [0, 1, 400, 20_499, 20_500, 20_999, 58_400, 59_001]) {
        const key = `ada ${passedMs}`;
        await consume(3, CHAT, key);
        await opened.advance(passedMs);
        const refused = new RateLimitedError(await limiter.consume(CHAT, key));
        expect(refused.decision.allowed).to.equal(false);
        await opened.advance((refused.retryAfterSeconds ?? 0) * 1000);
        expect(await allowed(1, CHAT, key), `after ${passedMs} ms`).to.equal(1);
      }
    });

    it('lets exactly the limit through when many come at once', async () => {
      expect(await allowed(1000, { ...CHAT, limit: 100 })).to.equal(100);
    });

    it('says once that a block begins', async () => {
      const decisions = await consume(50);
      expect(decisions.filter(({ beginsBlock }) => beginsBlock)).to.have.length(1);
    });

    it('counts each key and each scope by itself', async () => {
      await consume(4);
      expect(await allowed(4, CHAT, 'bob')).to.equal(3);
      expect(await allowed(4, { ...CHAT, scope: 'requests' })).to.equal(3);
      expect(await allowed(4, CHAT, 'ada:')).to.equal(3);
    });

    it('goes by a limit that has changed since, in the same window', async () => {
      await consume(5);
      expect(await allowed(1, { ...CHAT, limit: 10 })).to.equal(1);
      expect(await allowed(1, { ...CHAT, limit: 3 })).to.equal(0);
    });

    it('knows no denial of a caller that may still come, and counts nothing when it is asked', async () => {
      for (let count = 0; count < 10; count += 1) expect(limiter.knownDenial(CHAT, 'ada')).to.equal(null);
      expect(await allowed(4)).to.equal(3);
      expect(limiter.knownDenial(CHAT, 'bob')).to.equal(null);
      expect(limiter.knownDenial({ ...CHAT, scope: 'requests' }, 'ada')).to.equal(null);
      expect(limiter.knownDenial({ ...CHAT, limit: 10 }, 'ada')).to.equal(null);
      await opened.advance(61_000);
      expect(limiter.knownDenial(CHAT, 'ada')).to.equal(null);
      expect(await allowed(4)).to.equal(3);
    });

    describe('of two limits', () => {
      const IP: RateLimit = { scope: 'ip', limit: 2, windowSeconds: 60 };
      const both = (address = IP, client = CHAT) =>
        limiter.consumeBoth({ limit: address, key: '192.0.2.1' }, { limit: client, key: 'ada' });
      const outcome = async (...args: Parameters<typeof both>) =>
        (await both(...args)).map((decision) => decision && [decision.allowed, decision.remaining]);
      const counted = async (limit: RateLimit, key: string) =>
        1000 - 1 - (await limiter.consume({ ...limit, limit: 1000 }, key)).remaining;

      it('counts for both while both allow it', async () => {
        expect(await outcome()).to.deep.equal([
          [true, 1],
          [true, 2],
        ]);
        const [first, second] = await both();
        expect(first).to.include({ scope: 'ip', limit: 2, beginsBlock: false });
        expect(second).to.include({ scope: 'chat', limit: 3, beginsBlock: false });
        expect(second?.resetMs).to.be.within(50_000, 60_000);
      });

      it('counts nothing for the second of what the first refuses, then and while it is known to', async () => {
        const answers = await Promise.all(Array.from({ length: 50 }, () => both()));
        for (let count = 0; count < 10; count += 1) answers.push(await both());
        expect(answers.filter(([first]) => first.allowed)).to.have.length(2);
        expect(answers.filter(([first]) => first.beginsBlock)).to.have.length(1);
        expect(answers.filter(([, second]) => second === null)).to.have.length(58);
        expect(await counted(CHAT, 'ada')).to.equal(2);
      });

      it('counts for the first what the second refuses, then and while it is known to', async () => {
        const roomy = { ...IP, limit: 20 };
        const answers = [];
        for (let count = 0; count < 10; count += 1) answers.push(await both(roomy));
        expect(answers.map(([first, second]) => [first.allowed, second?.allowed])).to.deep.equal([
          ...Array.from({ length: 3 }, () => [true, true]),
          ...Array.from({ length: 7 }, () => [true, false]),
        ]);
        expect(answers.filter(([, second]) => second?.beginsBlock)).to.have.length(1);
        expect(await counted(roomy, '192.0.2.1')).to.equal(10);
      });
    });

    it('keeps windows of different lengths', async () => {
      await consume(3, { ...CHAT, scope: 'signup', windowSeconds: 3600 });
      await consume(3);
      await opened.advance(61_000);
      expect(await allowed(3)).to.equal(3);
      expect(await allowed(1, { ...CHAT, scope: 'signup', windowSeconds: 3600 })).to.equal(0);
    });
  });
}
