import { expect } from 'chai';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';

describe('RateLimitedError', () => {
  it('never lets anybody come back early: begun seconds count whole, and none is one', () => {
    const secondsOf = (retryAfterMs: number) =>
      new RateLimitedError({ scope: 'chat', allowed: false, limit: 1, remaining: 0, retryAfterMs })
        .retryAfterSeconds;
    expect([0, 1, 999, 1000, 1001, 1499, 59_001, 59_999, 60_000].map(secondsOf)).to.deep.equal([
      1, 1, 1, 1, 2, 2, 60, 60, 60,
    ]);
  });
});
