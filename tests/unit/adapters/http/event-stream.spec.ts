import { once } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect } from 'chai';
import type { Response } from 'express';
import {
  EventStream,
  type EventStreamOptions,
  eventStreamOf,
} from '#src/adapters/http/streaming/event-stream.js';
import { PIECES_PER_SLICE } from '#src/application/async/fair-slices.js';
import { loopRoundsDuring } from '#tests/support/assertions/loop-rounds.js';
import { type ExpressServer, startExpressServer } from '#tests/support/fakes/express-server.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';

/** More than the kernel keeps for two sockets. */
const FLOOD = { text: 'x'.repeat(16 * 1024 * 1024) };

function listeners(response: Response): Record<string, number> {
  return Object.fromEntries(
    response.eventNames().map((name) => [String(name), response.listenerCount(name)]),
  );
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('EventStream', () => {
  let server: ExpressServer;
  let arrived: (response: Response) => void;

  beforeEach(async () => {
    server = await startExpressServer((_request, response) => arrived(response));
  });

  afterEach(() => server.close());

  /** One request: its response, untouched, and its reader, which is there as soon as something was written. */
  async function exchange(): Promise<{ response: Response; reading: Promise<SseReader> }> {
    const response = new Promise<Response>((resolve) => {
      arrived = resolve;
    });
    const reading = SseReader.open(server.url);
    reading.catch(() => undefined);
    return { response: await response, reading };
  }

  async function open(options?: EventStreamOptions, paused = false) {
    const { response, reading } = await exchange();
    const before = listeners(response);
    const stream = new EventStream(response, options);
    await stream.send('turn', { turnId: '1' });
    const reader = await reading;
    await reader.next();
    if (paused) reader.pause();
    return { response, stream, reader, before };
  }

  /** Passes on when so much silence has been kept on another stream, so often. */
  async function silences(keepAliveMs: number, count: number): Promise<void> {
    const { stream, reader } = await open({ keepAliveMs });
    for (let i = 0; i < count; i += 1) expect(await reader.nextBlock()).to.equal(': keep-alive');
    stream.end('done', {});
    await reader.closed;
  }

  it('begins with the first event: the head, and then the bytes', async () => {
    const { response, reading } = await exchange();
    const stream = new EventStream(response);
    expect(stream.hasBegun).to.equal(false);
    expect(response.headersSent).to.equal(false);
    expect(eventStreamOf(response)).to.equal(null);

    await stream.send('turn', { turnId: '1' });
    expect(stream.hasBegun).to.equal(true);
    expect(eventStreamOf(response)).to.equal(stream);
    await stream.send('delta', { text: 'Grüß dich, 🙂' });
    stream.end('done', { ok: true });

    const reader = await reading;
    await reader.closed;
    expect(reader.status).to.equal(200);
    expect(reader.headers).to.deep.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.headers).not.to.have.property('content-length');
    expect(reader.text).to.equal(
      'event: turn\ndata: {"turnId":"1"}\n\n' +
        'event: delta\ndata: {"text":"Grüß dich, 🙂"}\n\n' +
        'event: done\ndata: {"ok":true}\n\n',
    );
    expect(reader.isWhole).to.equal(true);
  });

  it('keeps every text inside its one line of data', async () => {
    const texts = [
      '\n\nevent: done\ndata: {}\n\n',
      '\r\n\r\nevent: done\r\n\r\n',
      '\r',
      '</script>',
      '\u0000\u0085\u2028\u2029\ufeff',
      'data: : id: retry: 1',
      '😀'.repeat(3),
    ];
    const { stream, reader } = await open();
    for (const text of texts) await stream.send('delta', { text });
    stream.end('done', {});
    expect(await reader.rest()).to.deep.equal([
      ...texts.map((text) => ({ event: 'delta', data: { text } })),
      { event: 'done', data: {} },
    ]);
  });

  it('sends a comment after silence, again and again, and none after the end', async () => {
    const { stream, reader, response } = await open({ keepAliveMs: 15 });
    expect(await reader.nextBlock()).to.equal(': keep-alive');
    expect(await reader.nextBlock()).to.equal(': keep-alive');
    const closed = once(response, 'close');
    stream.end('done', {});
    const end = reader.text.length;
    await closed;
    await silences(15, 2);
    await reader.closed;
    expect(reader.text.slice(end)).to.match(/^(: keep-alive\n\n)?event: done\ndata: \{\}\n\n$/);
  });

  it('sends no comment while events come more often than that', async () => {
    const ticking = await open({ keepAliveMs: 20 });
    const { stream, reader } = await open({ keepAliveMs: 400 });
    for (let i = 0; i < 30; i += 1) {
      await ticking.reader.nextBlock();
      await stream.send('delta', { text: 'x' });
    }
    stream.end('done', {});
    await reader.rest();
    expect(reader.text).not.to.contain('keep-alive');
  });

  it('sends no comment to a reader that is far behind', async () => {
    const { stream, reader } = await open({ keepAliveMs: 15, maxWaitingBytes: 65_536 }, true);
    const sent = stream.send('delta', FLOOD);
    await silences(15, 5);
    reader.resume();
    await sent;
    stream.end('done', {});
    await reader.closed;
    const flood = reader.text.indexOf('event: delta');
    const done = reader.text.indexOf('event: done');
    expect(reader.text.slice(flood, done).match(/: keep-alive\n\n/g)?.length ?? 0).to.be.below(2);
    expect(reader.isWhole).to.equal(true);
  });

  it('does not wait while less than the limit waits', async () => {
    const { stream, response, reader } = await open({ maxWaitingBytes: 64 * 1024 * 1024 }, true);
    await stream.send('delta', FLOOD);
    await stream.send('delta', { text: 'more' });
    expect(response.writableLength).to.be.above(1024 * 1024);
    reader.resume();
    stream.end('done', {});
    expect((await reader.rest()).map(({ event }) => event)).to.deep.equal(['delta', 'delta', 'done']);
  });

  it('lets others have their turn again and again while much is sent that has been there already', async () => {
    const slices = 20;
    const { stream, reader } = await open();
    const rounds = await loopRoundsDuring(async () => {
      for (let i = 0; i < slices * PIECES_PER_SLICE; i += 1) await stream.send('delta', { text: 'a' });
    });
    expect(rounds).to.be.at.least(slices);
    stream.end('done', {});
    expect(await reader.rest()).to.have.length(slices * PIECES_PER_SLICE + 1);
  });

  it('waits at the limit until the reader has taken what waits', async () => {
    const { stream, response, reader } = await open({ maxWaitingBytes: 65_536 }, true);
    let isSent = false;
    const sent = stream.send('delta', FLOOD).then(() => {
      isSent = true;
    });
    await silences(10, 3);
    expect(isSent).to.equal(false);
    expect(response.writableLength).to.be.at.least(65_536);
    reader.resume();
    await sent;
    expect(response.writableLength).to.be.below(65_536);
    stream.end('done', {});
    expect((await reader.rest()).map(({ event }) => event)).to.deep.equal(['delta', 'done']);
  });

  it('drops a reader that makes no headway, and lets the writer go on', async () => {
    const { stream, response, reader, before } = await open({ maxWaitingBytes: 65_536, stallMs: 60 }, true);
    const closed = once(response, 'close');
    await stream.send('delta', FLOOD);
    await closed;
    expect(response.destroyed).to.equal(true);
    expect(response.errored).to.be.an('error');
    reader.resume();
    await reader.closed;
    expect(reader.isWhole).to.equal(false);
    expect(listeners(response)).to.deep.equal(before);
  });

  it('drops a reader that takes nothing, however much it sends', async () => {
    const arrival = new Promise<Response>((resolve) => {
      arrived = resolve;
    });
    const connection = await RawConnection.open(server.url);
    connection.pause();
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await arrival;
    const closed = once(response, 'close');
    const stream = new EventStream(response, { maxWaitingBytes: 65_536, stallMs: 60 });
    const sending = setInterval(() => connection.write('\r\n'), 5);
    await stream.send('delta', FLOOD).finally(() => clearInterval(sending));
    await closed;
    expect(response.errored).to.be.an('error');
    connection.destroy();
  });

  it('keeps a reader that takes nothing as long as little waits for it', async () => {
    const { stream, response, reader } = await open({ stallMs: 10, keepAliveMs: 100_000 }, true);
    await stream.send('delta', { text: 'x'.repeat(1000) });
    await silences(15, 6);
    expect(response.destroyed).to.equal(false);
    reader.resume();
    stream.end('done', {});
    expect((await reader.rest()).map(({ event }) => event)).to.deep.equal(['delta', 'done']);
    expect(reader.isWhole).to.equal(true);
  });

  it('writes nothing after the reader has gone, and holds nobody up', async () => {
    const { stream, response, reader, before } = await open(
      { maxWaitingBytes: 65_536, keepAliveMs: 10 },
      true,
    );
    const closed = once(response, 'close');
    const waiting = stream.send('delta', FLOOD);
    reader.leave();
    await closed;
    await waiting;
    const errors: unknown[] = [];
    response.on('error', (error) => errors.push(error));
    const { writableLength } = response;
    await stream.send('delta', { text: 'into the void' });
    stream.end('done', {});
    await silences(10, 2);
    expect(response.writableLength).to.equal(writableLength);
    expect(errors).to.deep.equal([]);
    response.removeAllListeners('error');
    expect(listeners(response)).to.deep.equal(before);
  });

  it('does not begin when the reader has gone before', async () => {
    const { response, reading } = await exchange();
    const stream = new EventStream(response);
    const closed = once(response, 'close');
    response.socket?.destroy();
    await closed;
    await stream.send('turn', {});
    stream.end('done', {});
    expect(stream.hasBegun).to.equal(false);
    expect(response.headersSent).to.equal(false);
    expect(await reading.catch((error: Error) => error.message)).to.equal('socket hang up');
  });

  it('lets nothing follow the last event, not even what waited for room', async () => {
    const { stream, reader } = await open({ maxWaitingBytes: 65_536 }, true);
    const late = stream.send('delta', FLOOD).then(() => stream.send('delta', { text: 'late' }));
    stream.end('error', { code: 'shutting_down' });
    stream.end('error', { code: 'again' });
    reader.resume();
    await late;
    expect((await reader.rest()).map(({ event, data }) => [event, data.code])).to.deep.equal([
      ['delta', undefined],
      ['error', 'shutting_down'],
    ]);
    expect(reader.isWhole).to.equal(true);
  });

  for (const ending of ['the last event', 'a reader who leaves']) {
    it(`leaves no timer and no listener behind after ${ending}`, async () => {
      await turnOfTheLoop();
      const idle = timers();
      const { stream, response, reader, before } = await open({ maxWaitingBytes: 65_536 }, true);
      const sent = stream.send('delta', FLOOD);
      reader.resume();
      await sent;
      expect(timers()).to.be.above(idle);
      const closed = once(response, 'close');
      if (ending === 'the last event') stream.end('done', {});
      else reader.leave();
      await closed;
      await reader.closed;
      expect(listeners(response)).to.deep.equal(before);
      expect(timers()).to.equal(idle);
    });
  }
});
