import { getEventListeners } from 'node:events';
import { HumanMessage } from '@langchain/core/messages';
import { expect } from 'chai';
import { DemoChatModel } from '#src/adapters/langchain/providers/demo-chat-model.js';
import { exchange, llmGatewayContract, prompt } from '#tests/contracts/llm-gateway.contract.js';
import { connect } from './connection.js';

function demo() {
  return connect('demo', null, { apiKey: null }).gateway;
}

llmGatewayContract('the demo model', async () => ({ gateway: demo(), model: 'demo', close: async () => {} }));

describe('DemoChatModel', () => {
  const { signal } = new AbortController();

  it('says what it is and how to get a real one', async () => {
    const { reply } = await demo().generate(prompt('demo', { message: 'Hi there' }), signal);
    expect(reply.content).to.equal(
      'Hello from FastWrap\'s demo model, which works offline and only remembers. This is turn 1, and you said "Hi there". For real answers set MODEL and MODEL_KEY.',
    );
  });

  it('names the turn and what was said first', async () => {
    const history = [exchange('My name is Ada', '…'), exchange('And?', '…')];
    const { reply } = await demo().generate(prompt('demo', { history, message: 'Who am I?' }), signal);
    expect(reply.content).to.include('This is turn 3, and the first thing you said was "My name is Ada".');
  });

  it('says the same to the same prompt', async () => {
    const first = await demo().generate(prompt('demo'), signal);
    expect(await demo().generate(prompt('demo'), signal)).to.deep.equal(first);
  });

  it('quotes 80 characters of a long message and no half of an emoji', async () => {
    const { reply } = await demo().generate(prompt('demo', { message: '👟'.repeat(500) }), signal);
    expect(reply.content).to.include(`"${'👟'.repeat(80)}…"`);
  });

  it('stops at the output cap', async () => {
    const { reply, usage } = await demo().generate(prompt('demo', { maxOutputTokens: 12 }), signal);
    expect(reply).to.deep.equal({ content: "Hello from FastWrap's demo", finishReason: 'length' });
    expect(usage.outputTokens).to.be.at.most(12);
  });

  it('gives one word at the smallest cap', async () => {
    const { reply } = await demo().generate(prompt('demo', { maxOutputTokens: 1 }), signal);
    expect(reply).to.deep.equal({ content: 'Hello', finishReason: 'length' });
  });

  it('streams a few words at a time, with a pause before each but the first, what it answers whole', async () => {
    const received: number[] = [];
    const model = new DemoChatModel(200, async () => void received.push(pieces.length));
    const messages = [new HumanMessage('Hi')];
    const whole = await model._generate(messages, {});
    const pieces: string[] = [];
    let last: unknown;
    for await (const chunk of model._streamResponseChunks(messages, {})) {
      pieces.push(chunk.text);
      last = chunk.generationInfo?.['finish_reason'];
    }
    const texts = pieces.slice(0, -1);
    expect(texts.length).to.be.greaterThan(5);
    for (const text of texts.slice(0, -1)) expect(text.trim().split(/\s+/)).to.have.length(3);
    expect(received).to.deep.equal(texts.slice(1).map((_, index) => index + 1));
    expect(pieces.join('')).to.equal(whole.generations[0]?.text);
    expect(last).to.equal('stop');
  });

  it('ends in the middle of a pause when the caller goes, and leaves no listener behind', async () => {
    const caller = new AbortController();
    const chunks = new DemoChatModel(200)._streamResponseChunks([new HumanMessage('Hi')], {
      signal: caller.signal,
    });
    await chunks.next();
    const next = chunks.next().catch((error: unknown) => error);
    await Promise.resolve();
    caller.abort(new Error('gone'));
    expect(await next).to.have.property('message', 'gone');
    expect(getEventListeners(caller.signal, 'abort')).to.deep.equal([]);
  });

  it('makes nobody wait for a whole answer', async () => {
    const model = new DemoChatModel(200, () => expect.fail('it paused'));
    expect((await model._generate([new HumanMessage('Hi')], {})).generations).to.have.length(1);
  });
});
