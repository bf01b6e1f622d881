import { expect } from 'chai';
import { DEFAULT_CONNECTION_POLICY } from '#src/adapters/http/server/connection-policy.js';
import { toErrorResponse } from '#src/adapters/http/server/error-response.js';
import { ErrorResponseLog } from '#src/adapters/http/server/error-response-log.js';
import { AppError } from '#src/domain/errors.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

describe('ErrorResponseLog', () => {
  let lines: LogLine[];
  let log: ErrorResponseLog;

  function refuse(count: number, code: 'rate_limited' | 'invalid_request' = 'rate_limited'): void {
    for (let i = 0; i < count; i += 1) log.note(toErrorResponse(new AppError(code)));
  }

  beforeEach(() => {
    lines = [];
    const policy = { ...DEFAULT_CONNECTION_POLICY, maxErrorResponseLines: 3, errorResponseLogMs: 1000 };
    log = new ErrorResponseLog(policy, recordingLogger(lines));
  });

  it('gives the first ones a line each, and the others of a span one together', () => {
    refuse(1000);
    refuse(2, 'invalid_request');
    expect(lines.map(({ fields }) => fields['status'])).to.deep.equal([429, 429, 429]);
    log.look(performance.now());
    expect(lines, 'within the span').to.have.length(3);
    log.look(performance.now() + 1000);
    expect(lines).to.have.length(4);
    expect(lines[3]?.fields).to.deep.include({ refused: 999, byStatus: { 429: 997, 400: 2 } });
  });

  it('begins anew behind each span, and says nothing of one without more', () => {
    refuse(3);
    log.look(performance.now() + 1000);
    expect(lines).to.have.length(3);
    refuse(4);
    expect(lines).to.have.length(6);
  });

  it('sums up what is left at the end', () => {
    refuse(5);
    log.close();
    expect(lines[3]?.fields).to.deep.include({ refused: 2, byStatus: { 429: 2 } });
  });
});
