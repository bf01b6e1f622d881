import { expect } from 'chai';
import { withinDeadline } from '#src/adapters/langchain/within-deadline.js';
import { modelError, rejection } from '#tests/contracts/llm-gateway.contract.js';

const NEVER = new Promise<never>(() => {});

describe('withinDeadline', () => {
  const caller = () => new AbortController();

  it('ends the signal of a call that failed, whose connection may still be open, and of no other', async () => {
    const signals: AbortSignal[] = [];
    const call = (outcome: Promise<string>) =>
      withinDeadline(1000, caller().signal, (signal) => {
        signals.push(signal);
        return outcome;
      });
    expect(await call(Promise.resolve('done'))).to.equal('done');
    expect((await modelError(call(Promise.reject(new Error('broken'))))).code).to.equal('model_failed');
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, true]);
  });

  it('does not wait for a call that does not listen to its signal', async () => {
    const gone = caller();
    const reason = new Error('the caller went');
    const answer = rejection(withinDeadline(1000, gone.signal, () => NEVER));
    gone.abort(reason);
    expect(await answer).to.equal(reason);
    expect((await modelError(withinDeadline(20, caller().signal, () => NEVER))).code).to.equal(
      'model_timeout',
    );
  });

  it('does not begin a call whose caller has gone', async () => {
    let begun = false;
    const call = async () => {
      begun = true;
    };
    await rejection(withinDeadline(1000, AbortSignal.abort(), call));
    expect(begun).to.equal(false);
  });
});
