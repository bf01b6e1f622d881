import { expect } from 'chai';
import { AttemptUsage } from '#src/adapters/langchain/attempt-usage.js';
import { promptUsage } from '#src/adapters/langchain/transport/read-completion.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';

const COUNTED: Usage = { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false };

/** A client may bring an answer in the very moment in which it is given up, or after it. */
describe('AttemptUsage', () => {
  const asked = prompt('m');
  let notified: Usage[];
  let attemptUsage: AttemptUsage;

  beforeEach(() => {
    notified = [];
    attemptUsage = new AttemptUsage(asked, (usage) => notified.push(usage));
    attemptUsage.ask();
  });

  it('reports a failed attempt once, as it was counted, though the call is cut behind it', () => {
    attemptUsage.notify(COUNTED);
    attemptUsage.cut();
    attemptUsage.notify(COUNTED);
    expect(notified).to.deep.equal([COUNTED]);
  });

  it('reports a call that was cut once, though its client brings an answer and is cut again', () => {
    attemptUsage.cut();
    attemptUsage.notify(COUNTED);
    attemptUsage.cut();
    expect(notified).to.deep.equal([promptUsage(asked)]);
  });

  it('leaves what was streamed to those who received it, whatever comes behind a cut', () => {
    attemptUsage.addChunk();
    attemptUsage.cut();
    attemptUsage.notify(COUNTED);
    expect(notified).to.deep.equal([]);
  });
});
