import { expect } from 'chai';
import sinon from 'sinon';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';

function expectStrictlyAscending(ids: readonly string[]): void {
  const disorder = ids.findIndex((id, index) => index > 0 && id <= (ids[index - 1] ?? ''));
  expect(disorder).to.equal(-1);
}

describe('UuidV7Generator', () => {
  it('makes lower-case UUIDs of version 7', () => {
    expect(new UuidV7Generator().next()).to.match(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('makes 10,000 ids that sort in the order of their making, whichever generator made them', () => {
    const generators = [new UuidV7Generator(), new UuidV7Generator()];
    const ids = Array.from({ length: 10_000 }, (_, index) => generators[index % 2]?.next() ?? '');
    expectStrictlyAscending(ids);
  });

  it('goes on ascending when the wall clock is set back', () => {
    const generator = new UuidV7Generator();
    const before = generator.next();
    const timers = sinon.useFakeTimers({ now: Date.now() - 3_600_000, toFake: ['Date'] });
    try {
      expectStrictlyAscending([before, generator.next(), generator.next()]);
    } finally {
      timers.restore();
    }
  });
});
