import { expect } from 'chai';
import { Lifecycle } from '#src/infrastructure/lifecycle.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

describe('Lifecycle', () => {
  let lines: LogLine[];
  let closed: string[];
  let lifecycle: Lifecycle;

  beforeEach(() => {
    lines = [];
    closed = [];
    lifecycle = new Lifecycle(recordingLogger(lines));
  });

  it('closes in reverse order, one after the other', async () => {
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    lifecycle.own('database', () => {
      closed.push('database');
    });
    lifecycle.own('cache', async () => {
      await held;
      closed.push('cache');
    });
    lifecycle.own('server', () => {
      closed.push('server');
    });
    const done = lifecycle.closeAll();
    expect(closed).to.deep.equal(['server']);
    letGo();
    await done;
    expect(closed).to.deep.equal(['server', 'cache', 'database']);
    expect(lines).to.deep.equal([]);
  });

  it('closes the others when one cannot be closed, and logs which one', async () => {
    const thrown = new Error('at once');
    const rejected = new Error('later');
    lifecycle.own('database', () => {
      closed.push('database');
    });
    lifecycle.own('cache', () => {
      throw thrown;
    });
    lifecycle.own('server', () => Promise.reject(rejected));
    await lifecycle.closeAll();
    expect(closed).to.deep.equal(['database']);
    expect(lines).to.deep.equal([
      { level: 'error', fields: { err: rejected, resource: 'server' }, message: 'could not be closed' },
      { level: 'error', fields: { err: thrown, resource: 'cache' }, message: 'could not be closed' },
    ]);
  });

  it('closes each resource once', async () => {
    lifecycle.own('database', () => {
      closed.push('database');
    });
    await Promise.all([lifecycle.closeAll(), lifecycle.closeAll()]);
    await lifecycle.closeAll();
    expect(closed).to.deep.equal(['database']);
  });
});
