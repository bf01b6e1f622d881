import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { RawPost } from '#tests/support/fixtures/raw-post.js';
import { complete, hang } from '../support/fakes/fake-openai.js';
import { HeldAnswer, StreamingApp } from '../support/fixtures/streaming-app.js';

/** So far away that what ends before the test is ended by something else. */
const NO_DEADLINES = { MODEL_FIRST_TOKEN_MS: '600000', MODEL_CHUNK_MS: '600000', MODEL_TOTAL_MS: '600000' };

/** The problem that an event or a body must be, but for its request id. */
function problem(status: number, code: string, requestId: unknown) {
  return { type: `urn:fastwrap:error:${code}`, status, code, requestId };
}

describe('a streamed turn that does not complete', () => {
  let chat: StreamingApp;
  let conversationId: string;

  beforeEach(async () => {
    chat = await StreamingApp.start({ env: NO_DEADLINES });
    conversationId = 'visitor:1';
  });

  afterEach(() => chat.close());

  /** Nothing was kept, and nothing is still held: another turn begins at once. */
  async function expectNothingStored(): Promise<void> {
    expect((await chat.api.get(`/api/conversations/${conversationId}`)).status).to.equal(404);
    chat.upstream.behaviour = complete();
    const next = await chat.plain({ conversationId, onBusy: 'reject' });
    expect(next.status).to.equal(200);
    expect(next.body.conversation).to.include({ isNew: true, turns: 1 });
  }

  const broken: Readonly<Record<string, readonly [(response: ServerResponse) => void, number, string]>> = {
    'upstream resets the connection': [
      (response) => response.socket?.resetAndDestroy(),
      503,
      'model_unavailable',
    ],
    'upstream ends without a reason': [(response) => response.end(), 502, 'model_failed'],
    'upstream says [DONE] without a reason': [
      (response) => response.end('data: [DONE]\n\n'),
      502,
      'model_failed',
    ],
    'upstream sends half an object': [
      (response) => response.end('data: {"choices":[{"del\n\n'),
      502,
      'model_failed',
    ],
    'upstream reports an error in the stream': [
      (response) => response.end('data: {"error":{"message":"overloaded","code":"server_error"}}\n\n'),
      503,
      'model_unavailable',
    ],
    'the content filter cuts it': [
      (response) =>
        response.end(
          'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\ndata: [DONE]\n\n',
        ),
      422,
      'model_rejected',
    ],
    'upstream falls silent': [() => undefined, 504, 'model_timeout'],
  };
  for (const [name, [how, status, code]] of Object.entries(broken)) {
    it(`ends in error and never in done when ${name}, and stores nothing`, async () => {
      if (code === 'model_timeout') {
        await chat.close();
        chat = await StreamingApp.start({ env: { ...NO_DEADLINES, MODEL_CHUNK_MS: '1500' } });
      }
      const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
      chat.upstream.behaviour = held.behaviour;
      const reader = await chat.stream({ conversationId });
      expect((await reader.next())?.event).to.equal('turn');
      expect((await reader.next())?.data).to.deep.equal({ text: 'Good' });
      held.break(how);
      const [error, ...more] = await reader.rest();
      expect(more).to.deep.equal([]);
      expect(error?.event).to.equal('error');
      expect(error?.data).to.deep.include(problem(status, code, reader.headers['x-request-id']));
      expect(error?.data).to.have.all.keys('type', 'title', 'status', 'detail', 'code', 'requestId');
      expect(reader.isWhole).to.equal(true);
      expect(chat.upstream.requests.length, 'no second try after the first token').to.equal(1);
      await chat.upstream.idle();
      await expectNothingStored();
    });
  }

  it('ends in error when its conversation is deleted meanwhile', async () => {
    const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
    chat.upstream.behaviour = held.behaviour;
    const reader = await chat.stream({ conversationId });
    await reader.next();
    await chat.api.delete(`/api/conversations/${conversationId}`);
    const [, error] = await reader.rest();
    expect(error?.event).to.equal('error');
    expect(error?.data).to.deep.include(
      problem(404, 'conversation_not_found', reader.headers['x-request-id']),
    );
    await chat.upstream.idle();
    await expectNothingStored();
  });

  it('is called off upstream when its reader leaves', async () => {
    chat.upstream.behaviour = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1).behaviour;
    const received = chat.upstream.nextRequest();
    const reader = await chat.stream({ conversationId });
    await reader.next();
    const { over } = await received;
    reader.leave();
    await over;
    await expectNothingStored();
    const turns = chat.app.logLines.filter(({ message }) => message === 'turn');
    expect(turns.map(({ fields }) => fields['outcome'])).to.deep.equal(['cancelled', 'completed']);
    expect(chat.app.logLines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
  });

  for (const stream of [true, false]) {
    it(`is called off upstream when its caller leaves before the first token, stream: ${stream}`, async () => {
      chat.upstream.behaviour = hang();
      const received = chat.upstream.nextRequest();
      const caller = new AbortController();
      const answered = chat
        .plain({ conversationId, stream }, caller.signal)
        .catch((error: Error) => error.name);
      const { over } = await received;
      caller.abort();
      await over;
      expect(await answered).to.equal('AbortError');
      await expectNothingStored();
    });
  }

  for (const stream of [true, false]) {
    it(`is called off when its caller ends its side of the connection, as one that leaves does, stream: ${stream}`, async () => {
      chat.upstream.behaviour = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1).behaviour;
      const received = chat.upstream.nextRequest();
      const caller = await RawPost.send(chat.app.url, {
        path: '/api/chat',
        headers: { 'x-api-key': chat.api.apiKey ?? '' },
        body: { characterId: chat.characterId, message: 'Hello.', conversationId, stream },
      });
      const { over } = await received;
      caller.endOurSide();
      await over;
      const answer = String(await caller.cutAfter(Number.POSITIVE_INFINITY));
      expect(answer).not.to.contain('event: done');
      if (!stream) expect(answer).to.equal('');
      await expectNothingStored();
      const turns = chat.app.logLines.filter(({ message }) => message === 'turn');
      expect(turns.map(({ fields }) => fields['outcome'])).to.deep.equal(['cancelled', 'completed']);
    });
  }

  it('leaves the queue when its caller does, and never reaches the model', async () => {
    const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
    chat.upstream.behaviour = held.behaviour;
    const running = await chat.stream({ conversationId });
    await running.next();
    const caller = new AbortController();
    const queued = chat
      .plain({ conversationId, stream: true }, caller.signal)
      .catch((error: Error) => error.name);
    await chat.api.get('/livez');
    caller.abort();
    expect(await queued).to.equal('AbortError');
    const hasGone = () => chat.app.logLines.some(({ fields }) => fields['aborted'] === true);
    while (!hasGone()) await turnOfTheLoop();
    held.release();
    expect((await running.rest()).at(-1)?.event).to.equal('done');
    await chat.api.get('/livez');
    expect(chat.upstream.requests.length).to.equal(1);
    expect((await chat.api.get(`/api/conversations/${conversationId}`)).body.conversation.turns).to.equal(1);
  });
});

describe('a stop while turns run', () => {
  const GRACE_MS = 60;
  let chat: StreamingApp;

  const start = async (graceMs: number) => {
    chat = await StreamingApp.start({ env: { ...NO_DEADLINES, SHUTDOWN_GRACE_MS: String(graceMs) } });
  };

  afterEach(() => chat.close());

  it('ends every open stream with error shutting_down when the grace is over, and plain turns with 503', async () => {
    await start(GRACE_MS);
    chat.upstream.behaviour = hang();
    const receivedPlain = chat.upstream.nextRequest();
    const plain = chat.plain();
    await receivedPlain;
    const receivedStream = chat.upstream.nextRequest();
    const before = chat.stream({ conversationId: 'before-its-first-token' });
    await receivedStream;
    chat.upstream.behaviour = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1).behaviour;
    const streams = await Promise.all(
      Array.from({ length: 20 }, (_, i) => chat.stream({ conversationId: `stream-${i}` })),
    );
    const queued = chat.plain({ conversationId: 'stream-0', stream: true });
    await chat.api.get('/livez');

    const startedAt = performance.now();
    const stopped = chat.app.stop();
    const outcomes = await Promise.all(
      streams.map(async (reader) => ({ reader, events: await reader.rest() })),
    );
    for (const { reader, events } of outcomes) {
      expect(events.map(({ event }) => event)).to.deep.equal(['turn', 'delta', 'error']);
      expect(events.at(-1)?.data).to.deep.equal({
        type: 'urn:fastwrap:error:shutting_down',
        title: 'Service Unavailable',
        status: 503,
        detail: 'The service is shutting down.',
        code: 'shutting_down',
        requestId: reader.headers['x-request-id'],
      });
      expect(reader.isWhole).to.equal(true);
    }
    for (const answer of [await plain, await queued]) {
      expect(answer.status).to.equal(503);
      expect(answer.body).to.include({
        code: 'shutting_down',
        requestId: answer.headers.get('x-request-id'),
      });
      expect(answer.headers.get('retry-after')).to.equal('1');
    }
    const unbegun = await before;
    await unbegun.closed;
    expect([unbegun.status, JSON.parse(unbegun.text).code]).to.deep.equal([503, 'shutting_down']);
    await stopped;
    expect(performance.now() - startedAt).to.be.at.least(GRACE_MS - 5);
    await chat.upstream.idle();
  });

  it('lets a stream that is done within the grace end in done', async () => {
    await start(600_000);
    const held = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1);
    chat.upstream.behaviour = held.behaviour;
    const reader = await chat.stream();
    await reader.next();
    const stopped = chat.app.stop();
    held.release();
    expect((await reader.rest()).map(({ event }) => event)).to.deep.equal(['delta', 'delta', 'done']);
    await stopped;
  });

  it('is not held up by a reader that reads nothing', async () => {
    await start(GRACE_MS);
    chat.upstream.behaviour = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1).behaviour;
    const reader = await chat.stream();
    await reader.next();
    reader.pause();
    await chat.app.stop();
    reader.resume();
    await reader.closed;
  });
});

describe('what is no HTTP in the middle of a stream', () => {
  it('cuts the stream in place of falling into it', async () => {
    const chat = await StreamingApp.start();
    try {
      chat.upstream.behaviour = new HeldAnswer({ pieces: ['Good', ' day.'] }, 1).behaviour;
      const received = chat.upstream.nextRequest();
      const { hostname, port } = new URL(chat.app.url);
      const body = JSON.stringify({ characterId: chat.characterId, message: 'Hello.', stream: true });
      const socket = connect(Number(port), hostname).setEncoding('utf8');
      socket.write(
        `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${chat.api.apiKey}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      let text = '';
      const closed = once(socket, 'close');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        if (!text.includes('event: delta') && (text + chunk).includes('event: delta')) {
          socket.write('no request at all\r\n\r\n');
        }
        text += chunk;
      });
      await closed;
      expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text.match(/HTTP\/1\.1/g)).to.have.length(1);
      await (await received).over;
    } finally {
      await chat.close();
    }
  });
});
