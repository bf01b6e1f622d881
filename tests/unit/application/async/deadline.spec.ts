import { expect } from 'chai';
import sinon, { type SinonFakeTimers } from 'sinon';
import { onDeadline, withDeadline } from '#src/application/async/deadline.js';

const TOO_LATE = new Error('too late');
const GONE = new Error('gone');
const tooLate = () => TOO_LATE;

describe('a deadline', () => {
  let timers: SinonFakeTimers;
  beforeEach(() => {
    timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    expect(timers.countTimers(), 'timers left behind').to.equal(0);
    timers.restore();
  });

  it('calls back once, with the reason of whichever is first', () => {
    const caller = new AbortController();
    const reasons: unknown[] = [];
    onDeadline(10, tooLate, caller.signal, (reason) => reasons.push(reason));
    timers.tick(9);
    expect(reasons).to.deep.equal([]);
    caller.abort(GONE);
    timers.tick(10);
    expect(reasons).to.deep.equal([GONE]);
    const other = new AbortController();
    onDeadline(10, tooLate, other.signal, (reason) => reasons.push(reason));
    timers.tick(10);
    other.abort(GONE);
    expect(reasons).to.deep.equal([GONE, TOO_LATE]);
  });

  it('calls nobody back once it is called off, with a caller and without', () => {
    const caller = new AbortController();
    const reasons: unknown[] = [];
    for (const signal of [caller.signal, null])
      onDeadline(10, tooLate, signal, (reason) => reasons.push(reason))();
    timers.tick(10);
    caller.abort(GONE);
    expect(reasons).to.deep.equal([]);
  });

  it('does not begin a task whose caller has gone', async () => {
    let begun = false;
    const run = async () => {
      begun = true;
    };
    const outcome = withDeadline(10, tooLate, AbortSignal.abort(GONE), run).catch((error: unknown) => error);
    expect(await outcome).to.equal(GONE);
    expect(begun).to.equal(false);
  });
});
