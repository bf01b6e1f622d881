import { expect } from 'chai';
import { ProviderAttempt } from '#src/adapters/langchain/provider-attempt.js';
import { promptUsage } from '#src/adapters/langchain/transport/read-completion.js';
import type { ModelAttempt } from '#src/application/ports/chat/model-attempt.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { AppError } from '#src/domain/errors.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';

const COUNTED: Usage = { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false };

/** A client may bring an answer in the very moment in which it is given up, or after it. */
describe('ProviderAttempt', () => {
  const asked = prompt('m');
  let clock: ManualClock;
  let attempt: ProviderAttempt;

  beforeEach(() => {
    clock = new ManualClock();
    attempt = new ProviderAttempt(asked, clock);
    attempt.ask();
  });

  const ended = async (): Promise<ModelAttempt[]> => {
    const notified: ModelAttempt[] = [];
    clock.advance(5);
    const failed = Promise.reject(new AppError('model_failed'));
    await rejection(attempt.end(failed, new AbortController().signal, (told) => notified.push(told)));
    return notified;
  };
  const failedWith = (usage: Usage | null) => [{ model: 'm', outcome: 'model_failed', usage, elapsedMs: 5 }];

  it('counts a failed attempt once, as it was counted, though the call is cut behind it', async () => {
    attempt.count(COUNTED);
    attempt.cut();
    expect(await ended()).to.deep.equal(failedWith(COUNTED));
  });

  it('counts a call that was cut once, though its client brings an answer and is cut again', async () => {
    attempt.cut();
    attempt.count(COUNTED);
    attempt.cut();
    expect(await ended()).to.deep.equal(failedWith(promptUsage(asked)));
  });

  it('leaves what was passed on to those who received it, whatever comes behind a cut', async () => {
    attempt.addChunk();
    attempt.cut();
    attempt.count(COUNTED);
    expect(await ended()).to.deep.equal(failedWith(null));
  });

  it('is none when nobody was asked', async () => {
    attempt = new ProviderAttempt(asked, clock);
    attempt.cut();
    expect(await ended()).to.deep.equal([]);
  });
});
