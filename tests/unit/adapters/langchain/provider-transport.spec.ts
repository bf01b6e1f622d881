import { expect } from 'chai';
import { modelError, prompt } from '#tests/contracts/llm-gateway.contract.js';
import {
  type Behaviour,
  complete,
  FakeOpenAi,
  half,
  hang,
  json,
  raw,
  streamEvents,
} from '#tests/support/fakes/fake-openai.js';
import { type Connection, connect } from './connection.js';

/** An answer that Node's own server would not send. */
function bytes(head: string, body: string): Behaviour {
  return (_request, { socket }) => {
    socket?.write(`HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
}

describe('ProviderTransport', () => {
  let upstream: FakeOpenAi;
  let connection: Connection;
  const idle = () => new AbortController().signal;
  const generate = () => connection.gateway.generate(prompt('m'), idle());
  const stream = () => connection.gateway.stream(prompt('m'), idle(), async () => {});

  before(() => connect('openai-compatible', null).gateway.warmUp());
  beforeEach(async () => {
    upstream = await FakeOpenAi.start();
    connection = connect('openai-compatible', upstream.baseUrl);
  });
  afterEach(async () => {
    await connection.close();
    await upstream.close();
  });

  it('keeps connections for the next call, plain or streamed', async () => {
    for (let i = 0; i < 10; i += 1) {
      await generate();
      await stream();
    }
    expect(upstream.requests).to.have.length(20);
    expect(upstream.connections).to.be.at.most(2);
  });

  for (const status of ['204 No Content', '304 Not Modified', '799 Odd']) {
    it(`survives ${status}`, async () => {
      upstream.behaviour = bytes(`${status}\r\ncontent-type: text/event-stream`, '');
      expect((await modelError(generate())).code).to.equal('model_failed');
      upstream.behaviour = complete();
      expect((await generate()).reply.content).to.equal('Good day.');
    });
  }

  it('waits for no more of an error response than it reads, and is not blocked by the rest', async () => {
    upstream.behaviour = raw(429, 'x'.repeat(4 * 1024 * 1024), { 'retry-after': '9' });
    const errors = await Promise.all(Array.from({ length: 10 }, () => modelError(generate())));
    for (const error of errors) expect(error).to.include({ code: 'model_unavailable', retryAfterSeconds: 9 });
    await upstream.idle();
    while (upstream.openSockets > 0) await new Promise(setImmediate);
    upstream.behaviour = complete();
    expect((await stream()).reply.content).to.equal('Good day.');
  });

  it('takes an error under a status of 200 for what it says, plain or streamed', async () => {
    const body = { error: { message: 'Rate limit reached', type: 'rate_limit_error' } };
    upstream.behaviour = json(200, body);
    expect(await modelError(generate())).to.include({ code: 'model_unavailable', transient: true });
    upstream.behaviour = raw(200, `data: ${JSON.stringify(body)}\n\n`, {
      'content-type': 'text/event-stream',
    });
    expect(await modelError(stream())).to.include({ code: 'model_unavailable', transient: true });
  });

  it('reads a last event that no blank line follows', async () => {
    const events = streamEvents({ model: 'm' }, {}).join('').replace(/\n\n$/, '');
    upstream.behaviour = raw(200, events, { 'content-type': 'text/event-stream' });
    expect((await stream()).reply).to.deep.equal({ content: 'Good day.', finishReason: 'stop' });
  });

  it('takes a plain answer of 8 MiB at most', async () => {
    upstream.behaviour = raw(200, 'x'.repeat(9 * 1024 * 1024), { 'content-type': 'application/json' });
    const error = await modelError(generate());
    expect(error.code).to.equal('model_failed');
    expect(error.cause).to.have.property('name', 'AnswerTooLarge');
    await upstream.idle();
  });

  it('takes a reply of a million characters at most, and passes no more of it on', async () => {
    const send = (pieces: readonly string[]) => {
      upstream.behaviour = complete({ content: pieces.join(''), pieces });
    };
    const piece = 'x'.repeat(50_000);
    send(Array(20).fill(piece));
    expect((await generate()).reply.content).to.have.length(1_000_000);
    expect((await stream()).reply.content).to.have.length(1_000_000);

    send([...Array(20).fill(piece), 'y', ...Array(20).fill(piece)]);
    const errors = [await modelError(generate())];
    let passedOn = 0;
    errors.push(
      await modelError(
        connection.gateway.stream(prompt('m'), idle(), async ({ length }) => {
          passedOn += length;
        }),
      ),
    );
    for (const error of errors) {
      expect(error.code).to.equal('model_failed');
      expect(error.cause).to.include({ name: 'UnusableAnswer', code: 'too_long' });
    }
    expect(passedOn).to.equal(1_000_000);
    await upstream.idle();
  });

  it('closes at once, with whatever is under way', async () => {
    upstream.behaviour = hang();
    const plain = generate();
    await upstream.nextRequest();
    upstream.behaviour = half('hang');
    const streamed = connection.gateway.stream(prompt('m'), idle(), async () => {
      await connection.close();
    });
    await Promise.all([modelError(plain), modelError(streamed)]);
    await connection.close();
    await upstream.idle();
  });
});
