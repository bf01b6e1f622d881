import { expect } from 'chai';
import { OutageReport } from '#src/infrastructure/outage-report.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

describe('OutageReport', () => {
  it('has one line for each outage, and one for its end', async () => {
    const lines: LogLine[] = [];
    const report = new OutageReport(
      recordingLogger(lines),
      { what: 'usage' },
      { fails: 'fails', again: 'again' },
    );
    const err = new Error('the disk is full');
    for (const outcome of ['ok', 'bad', 'bad', 'bad', 'ok', 'ok', 'bad']) {
      await report.watch(outcome === 'ok' ? Promise.resolve() : Promise.reject(err));
    }
    const fails = { level: 'warn', fields: { what: 'usage', err }, message: 'fails' };
    expect(lines).to.deep.equal([
      fails,
      { level: 'info', fields: { what: 'usage' }, message: 'again' },
      fails,
    ]);
  });
});
