import { expect } from 'chai';
import { SystemClock } from '#src/adapters/system/system-clock.js';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('shows the time of day in milliseconds', () => {
    const before = Date.now();
    const shown = clock.now();
    expect(shown).to.be.within(before, Date.now());
  });

  it('measures with a clock that never runs backwards', () => {
    let last = clock.monotonicMs();
    for (let i = 0; i < 10_000; i += 1) {
      const next = clock.monotonicMs();
      expect(next >= last).to.equal(true);
      last = next;
    }
  });
});
