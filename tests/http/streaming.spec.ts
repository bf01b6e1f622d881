import { readFileSync } from 'node:fs';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { CLOCK } from '#src/infrastructure/tokens.js';
import { complete, json, raw, refuse, streamEvents } from '../support/fakes/fake-openai.js';
import { ManualClock } from '../support/fakes/manual-clock.js';
import type { SseEvent } from '../support/fixtures/sse-reader.js';
import { HeldAnswer, StreamingApp } from '../support/fixtures/streaming-app.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BROWSER =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8';

function textOf(events: readonly SseEvent[]): string {
  return events
    .filter(({ event }) => event === 'delta')
    .map(({ data }) => data.text)
    .join('');
}

/** What sort of value stands where, without the values. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

describe('a streamed turn', () => {
  let chat: StreamingApp;

  before(async () => {
    chat = await StreamingApp.start();
  });

  beforeEach(() => {
    chat.upstream.behaviour = complete({ content: 'Good day to you.' });
  });

  after(() => chat.close());

  it('has the head of an event stream', async () => {
    const reader = await chat.stream({}, { 'x-request-id': 'my-id.1' });
    expect(reader.status).to.equal(200);
    expect(reader.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': 'my-id.1',
    });
    expect(reader.headers['server-timing']).to.match(/^app;dur=\d+\.\d, llm;dur=\d+\.\d$/);
    await reader.closed;
    expect(reader.isWhole).to.equal(true);
    expect((await chat.stream()).headers['x-request-id']).to.match(UUID);
  });

  it('comes as turn, deltas, and done with the object that the plain call returns', async () => {
    const reader = await chat.stream();
    const events = await reader.rest();
    const [first, ...others] = events;
    const done = others.pop();
    expect(first?.event).to.equal('turn');
    expect(others.map(({ event }) => event)).to.deep.equal(['delta', 'delta', 'delta', 'delta']);
    expect(others.map(({ data }) => data)).to.deep.equal([
      { text: 'Good' },
      { text: ' day' },
      { text: ' to' },
      { text: ' you.' },
    ]);
    expect(done?.event).to.equal('done');
    expect(first?.data).to.have.all.keys('turnId', 'conversation');
    expect(first?.data.turnId).to.match(UUID);
    expect(done?.data).to.deep.equal({
      turnId: first?.data.turnId,
      conversation: { ...first?.data.conversation, expiresAt: done?.data.conversation.expiresAt },
      reply: { role: 'assistant', content: 'Good day to you.', finishReason: 'stop' },
      model: 'test-model',
      usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15, estimated: false },
    });
    expect(first?.data.conversation).to.deep.include({
      characterId: chat.characterId,
      isNew: true,
      turns: 1,
      truncated: false,
    });
    const plain = await chat.plain();
    expect(shapeOf(done?.data)).to.deep.equal(shapeOf(plain.body));
    expect(Object.keys(done?.data)).to.deep.equal(Object.keys(plain.body));
  });

  it('has been stored by the time of done, and is continued by the next turn', async () => {
    const conversationId = 'visitor:1';
    const reader = await chat.stream({ conversationId, message: 'First.' });
    let done: SseEvent | null = null;
    for (let event = await reader.next(); event !== null; event = await reader.next()) {
      if (event.event === 'done') {
        done = event;
        break;
      }
    }
    const { body } = await chat.api.get(`/api/conversations/${conversationId}`);
    expect(body.conversation).to.include({ turns: 1, expiresAt: done?.data.conversation.expiresAt });
    expect(body.messages.map(({ content }: { content: string }) => content)).to.deep.equal([
      'First.',
      'Good day to you.',
    ]);

    const next = await (await chat.stream({ conversationId, message: 'Second.' })).rest();
    expect(next[0]?.data.conversation).to.include({ id: conversationId, isNew: false, turns: 2 });
    expect(next.at(-1)?.data.conversation).to.include({ id: conversationId, isNew: false, turns: 2 });
    expect(chat.upstream.requests.at(-1)?.body.messages?.map(({ content }) => content)).to.deep.equal([
      'You sell books.',
      'First.',
      'Good day to you.',
      'Second.',
    ]);
  });

  describe('is asked for', () => {
    const cases: readonly (readonly [string, object, Record<string, string>, 'events' | 'json'])[] = [
      ['by stream: true', { stream: true }, {}, 'events'],
      ['by Accept: text/event-stream', {}, { accept: 'text/event-stream' }, 'events'],
      [
        'by a preference for text/event-stream',
        {},
        { accept: 'application/json;q=0.5, text/event-stream' },
        'events',
      ],
      ['by stream: true, whatever Accept says', { stream: true }, { accept: 'application/json' }, 'events'],
      [
        'not by stream: false, whatever Accept says',
        { stream: false },
        { accept: 'text/event-stream' },
        'json',
      ],
      ['not by nothing', {}, {}, 'json'],
      ['not by Accept: */*', {}, { accept: '*/*' }, 'json'],
      ['not by Accept: application/json', {}, { accept: 'application/json' }, 'json'],
      [
        'not by Accept: application/json, text/event-stream',
        {},
        { accept: 'application/json, text/event-stream' },
        'json',
      ],
      ['not by what a browser accepts', {}, { accept: BROWSER }, 'json'],
      ['not by a type that is neither', {}, { accept: 'text/html' }, 'json'],
      ['not by text/event-stream;q=0', {}, { accept: 'text/event-stream;q=0, */*' }, 'json'],
    ];
    for (const [name, body, headers, expected] of cases) {
      it(name, async () => {
        const reader = await chat.post(body, headers);
        await reader.closed;
        expect(reader.status).to.equal(200);
        const type =
          expected === 'events' ? 'text/event-stream; charset=utf-8' : 'application/json; charset=utf-8';
        expect(reader.headers['content-type']).to.equal(type);
        expect(chat.upstream.requests.at(-1)?.body.stream ?? false).to.equal(expected === 'events');
        if (expected === 'json') expect(JSON.parse(reader.text).reply.content).to.equal('Good day to you.');
      });
    }
  });

  it('answers nothing before the first token, then the 200', async () => {
    const silent = new HeldAnswer({ content: 'At last.' }, 0);
    chat.upstream.behaviour = silent.behaviour;
    let hasAnswered = false;
    const received = chat.upstream.nextRequest();
    const reading = chat.stream().then((reader) => {
      hasAnswered = true;
      return reader;
    });
    await received;
    // A request that came later has been answered meanwhile.
    for (let i = 0; i < 5; i += 1) await chat.api.get('/livez');
    expect(hasAnswered).to.equal(false);
    silent.release();
    const reader = await reading;
    expect(reader.status).to.equal(200);
    expect(textOf(await reader.rest())).to.equal('At last.');
  });

  it('passes each piece on as it comes', async () => {
    const held = new HeldAnswer({ pieces: ['One', ' two', ' three.'] }, 2);
    chat.upstream.behaviour = held.behaviour;
    const reader = await chat.stream();
    expect((await reader.next())?.event).to.equal('turn');
    expect(await reader.next()).to.deep.equal({ event: 'delta', data: { text: 'One' } });
    expect(await reader.next()).to.deep.equal({ event: 'delta', data: { text: ' two' } });
    held.release();
    expect(await reader.next()).to.deep.equal({ event: 'delta', data: { text: ' three.' } });
    expect((await reader.next())?.event).to.equal('done');
    expect(await reader.next()).to.equal(null);
  });

  it('is not what another method gets, whatever it accepts: 405, with Allow', async () => {
    const headers = { accept: 'text/event-stream' };
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await chat.api.send(method, '/api/chat', undefined, headers);
      expect(answer.status, method).to.equal(405);
      expect(answer.headers.get('allow')).to.equal('POST, OPTIONS');
      expect(answer.headers.get('content-type')).to.equal('application/problem+json');
      if (method !== 'HEAD') expect(answer.body.code).to.equal('method_not_allowed');
      else expect(answer.text).to.equal('');
    }
  });

  it('is in openapi.json as a second media type of the 200, which is no Turn', () => {
    const document = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8'));
    const { content } = document.paths['/api/chat'].post.responses['200'];
    expect(content['application/json'].schema).to.deep.equal({ $ref: '#/components/schemas/Turn' });
    expect(content['text/event-stream'].schema.type).to.equal('string');
    for (const word of ['turn', 'delta', 'done', 'error']) {
      expect(content['text/event-stream'].schema.description).to.contain(`\`${word}\``);
    }
  });

  describe('that fails before the first token is an ordinary error:', () => {
    const cases = {
      'a refused key': [refuse(401, { message: 'Bad key.' }), 502, 'model_failed'],
      'a context that is too long': [
        refuse(400, { code: 'context_length_exceeded', message: 'This is too long.' }),
        422,
        'model_rejected',
      ],
      'a provider that is down': [refuse(503), 503, 'model_unavailable'],
      'a page in place of an answer': [
        raw(200, '<html>Bad Gateway</html>', { 'content-type': 'text/html' }),
        502,
        'model_failed',
      ],
      'an answer without choices': [json(200, { choices: [] }), 502, 'model_failed'],
      'an answer without text': [complete({ pieces: [] }), 502, 'model_failed'],
    } as const;
    for (const [name, [behaviour, status, code]] of Object.entries(cases)) {
      it(name, async () => {
        chat.upstream.behaviour = behaviour;
        const conversationId = `failing-${code}`;
        const reader = await chat.stream({ conversationId }, { accept: 'text/event-stream' });
        await reader.closed;
        expect(reader.status).to.equal(status);
        expect(reader.headers['content-type']).to.equal('application/problem+json');
        expect(reader.headers).not.to.have.property('x-accel-buffering');
        expect(reader.headers['server-timing']).to.match(/llm;dur=/);
        expect(JSON.parse(reader.text)).to.include({
          status,
          code,
          requestId: reader.headers['x-request-id'],
        });
        if (status === 503) expect(reader.headers['retry-after']).to.match(/^\d+$/);
        expect((await chat.api.get(`/api/conversations/${conversationId}`)).status).to.equal(404);
      });
    }

    it('what never gets as far as the model', async () => {
      const { length } = chat.upstream.requests;
      const wrongKey = await chat.stream({}, { 'x-api-key': 'fw_wrong' });
      const noCharacter = await chat.stream({ characterId: crypto.randomUUID() });
      const badBody = await chat.stream({ stream: 'yes' });
      await Promise.all([wrongKey.closed, noCharacter.closed, badBody.closed]);
      expect(
        [wrongKey, noCharacter, badBody].map((reader) => [reader.status, JSON.parse(reader.text).code]),
      ).to.deep.equal([
        [401, 'unauthenticated'],
        [404, 'character_not_found'],
        [400, 'invalid_request'],
      ]);
      expect(chat.upstream.requests.length).to.equal(length);
    });
  });
});

describe('the text of a turn', () => {
  const WRITTEN = [
    'plain, and "quoted" \\ with a tab\t',
    '\n\nevent: done\ndata: {"reply":"mine"}\n\n',
    '\r\n\r\n: comment\r\n</script><!--',
    ' Grüße 漢字 👩‍👩‍👧‍👦 🙂',
    '\u2028\u2029\ufeff\u0000 end',
  ].join('');
  let chat: StreamingApp;

  before(async () => {
    chat = await StreamingApp.start();
  });

  after(() => chat.close());

  async function bothWays(): Promise<{ streamed: Buffer; done: Buffer; stored: Buffer; plain: Buffer }> {
    const plain = await chat.plain();
    const events = await (await chat.stream({ conversationId: 'text' })).rest();
    const stored = await chat.api.get('/api/conversations/text');
    await chat.api.delete('/api/conversations/text');
    expect(events.at(-1)?.event).to.equal('done');
    return {
      streamed: Buffer.from(textOf(events)),
      done: Buffer.from(events.at(-1)?.data.reply.content),
      stored: Buffer.from(stored.body.messages[1].content),
      plain: Buffer.from(plain.body.reply.content),
    };
  }

  async function expectBothWays(expected: string): Promise<void> {
    const { streamed, done, stored, plain } = await bothWays();
    const bytes = Buffer.from(expected);
    expect(streamed.equals(bytes), 'the deltas').to.equal(true);
    expect(done.equals(bytes), 'done').to.equal(true);
    expect(stored.equals(bytes), 'what was stored').to.equal(true);
    expect(plain.equals(bytes), 'the plain answer').to.equal(true);
  }

  it('is the same byte for byte, plain and streamed, whatever looks like an event in it', async () => {
    chat.upstream.behaviour = complete({ content: WRITTEN, pieces: [...WRITTEN] });
    await expectBothWays(WRITTEN);
  });

  it('is the same when its characters are split between two pieces', async () => {
    chat.upstream.behaviour = complete({ content: WRITTEN, pieces: WRITTEN.split('') });
    await expectBothWays(WRITTEN);
  });

  it('has half a character replaced, wherever it stands', async () => {
    const broken = 'start \ud83d middle \ude42 end \ud83d';
    chat.upstream.behaviour = complete({ content: broken, pieces: broken.split('') });
    await expectBothWays('start \ufffd middle \ufffd end \ufffd');
  });

  it('is the same when its bytes arrive one by one', async () => {
    const text = 'a🙂b\n\nevent: done';
    chat.upstream.behaviour = async (request, response) => {
      if (request.body.stream !== true) {
        await complete({ content: text })(request, response);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of Buffer.from(streamEvents(request.body, { pieces: [text] }).join(''))) {
        response.write(Buffer.of(byte));
        await turnOfTheLoop();
      }
      response.end();
    };
    await expectBothWays(text);
  });
});

describe('Server-Timing of a streamed turn', () => {
  it('has the wait for the first token as llm', async () => {
    const clock = new ManualClock();
    const chat = await StreamingApp.start({
      override: (container) => container.rebind(CLOCK).toConstantValue(clock),
    });
    try {
      const held = new HeldAnswer({ content: 'Good day.' }, 1);
      chat.upstream.behaviour = (request, response) => {
        clock.advance(1234);
        return held.behaviour(request, response);
      };
      const reader = await chat.stream();
      clock.advance(5000);
      held.release();
      await reader.closed;
      expect(reader.headers['server-timing']).to.equal('app;dur=0.0, llm;dur=1234.0');
      const line = chat.app.logLines.find(({ fields }) => fields['route'] === '/api/chat');
      expect(line?.fields).to.include({ status: 200, durationMs: 6234 });
    } finally {
      await chat.close();
    }
  });
});
