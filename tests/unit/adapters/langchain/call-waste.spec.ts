import { expect } from 'chai';
import { CallWaste } from '#src/adapters/langchain/call-waste.js';
import { promptUsage } from '#src/adapters/langchain/transport/read-completion.js';
import type { Usage } from '#src/domain/conversations/turn.js';
import { prompt } from '#tests/contracts/llm-gateway.contract.js';

const COUNTED: Usage = { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false };

/** A client may bring an answer in the very moment in which it is given up, or after it. */
describe('CallWaste', () => {
  const asked = prompt('m');
  let told: Usage[];
  let waste: CallWaste;

  beforeEach(() => {
    told = [];
    waste = new CallWaste(asked, (usage) => told.push(usage));
    waste.ask();
  });

  it('tells of a failed attempt once, as it was counted, though the call is cut behind it', () => {
    waste.tell(COUNTED);
    waste.cut();
    waste.tell(COUNTED);
    expect(told).to.deep.equal([COUNTED]);
  });

  it('tells of a call that was cut once, though its client brings an answer and is cut again', () => {
    waste.cut();
    waste.tell(COUNTED);
    waste.cut();
    expect(told).to.deep.equal([promptUsage(asked)]);
  });

  it('leaves what was heard to those who heard it, whatever comes behind a cut', () => {
    waste.hear();
    waste.cut();
    waste.tell(COUNTED);
    expect(told).to.deep.equal([]);
  });
});
