import { expect } from 'chai';
import { endOfUtcDay, utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';

describe('a UTC day', () => {
  it('begins and ends at midnight, whatever the zone of the process', () => {
    expect(utcDayOf(Date.UTC(2026, 0, 31, 23, 59, 59, 999))).to.equal('2026-01-31');
    expect(utcDayOf(Date.UTC(2026, 1, 1))).to.equal('2026-02-01');
    expect(endOfUtcDay('2026-01-31')).to.equal(Date.UTC(2026, 1, 1));
  });

  it('is counted back over months and leap days, newest first', () => {
    expect(utcDaysUntil('2028-03-01', 3)).to.deep.equal(['2028-03-01', '2028-02-29', '2028-02-28']);
    expect(utcDaysUntil('2026-01-02', 3)).to.deep.equal(['2026-01-02', '2026-01-01', '2025-12-31']);
  });
});
