import { EventEmitter, once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { EXPECTED_SECURITY_HEADERS, UUID } from '#tests/support/assertions/expect-response.js';
import { type RawAnswer, RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';

const answerHello: RequestListener = (_request, response) => {
  response.setHeader('Content-Length', 5).end('hello');
};

function expectMalformed(answer: RawAnswer | null): void {
  const { date: _, ...headers } = answer?.headers ?? {};
  const requestId = headers['x-request-id'];
  expect(requestId).to.match(UUID);
  expect({ status: answer?.status, headers, body: JSON.parse(answer?.body ?? '') }).to.deep.equal({
    status: 400,
    headers: {
      ...EXPECTED_SECURITY_HEADERS,
      'x-request-id': requestId,
      'server-timing': 'app;dur=0.0',
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      'content-length': String(answer?.body.length),
      connection: 'close',
    },
    body: {
      type: 'urn:fastwrap:error:invalid_request',
      title: 'Bad Request',
      status: 400,
      detail: 'This is not a valid HTTP request, or its headers are too large.',
      code: 'invalid_request',
      requestId,
    },
  });
}

describe('HttpServer', () => {
  const servers: HttpServer[] = [];

  async function listen(
    listener: RequestListener = answerHello,
    host = '127.0.0.1',
    stallMs?: number,
  ): Promise<HttpServer> {
    const policy = stallMs === undefined ? {} : { stallMs, lookMs: stallMs / 4 };
    const server = await HttpServer.listen(listener, { host, port: 0, logger: recordingLogger([]), policy });
    servers.push(server);
    return server;
  }

  async function send(server: HttpServer, text: string): Promise<RawConnection> {
    const connection = await RawConnection.open(server.url);
    connection.write(text);
    return connection;
  }

  async function denialReason(url: string): Promise<unknown> {
    return RawConnection.open(url).then(
      () => 'a connection',
      (error: { code?: string }) => error.code,
    );
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0, () => {})));
  });

  it('knows its address, whatever the family', async () => {
    expect((await listen()).url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await listen(answerHello, '::1')).url).to.match(/^http:\/\/\[::1\]:\d+$/);
  });

  it('does not start on an address that is taken', async () => {
    const { port } = new URL((await listen()).url);
    const error = await HttpServer.listen(answerHello, {
      host: '127.0.0.1',
      port: Number(port),
      logger: recordingLogger([]),
    }).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'EADDRINUSE');
  });

  it('answers garbage with a problem, and ends the connection', async () => {
    const connection = await send(await listen(), 'garbage\r\n\r\n');
    expectMalformed(await connection.nextAnswer());
    connection.end();
    await connection.closed;
  });

  it('answers headers that are too large with a problem', async () => {
    const connection = await send(
      await listen(),
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expectMalformed(await connection.nextAnswer());
  });

  it('asks HTTP/1.1 for its Host, and HTTP/1.0 for none (RFC 9112, 3.2)', async () => {
    const server = await listen();
    const modern = await send(server, 'GET / HTTP/1.1\r\n\r\n');
    expectMalformed(await modern.nextAnswer());
    const old = await send(server, 'GET / HTTP/1.0\r\n\r\n');
    expect(await old.nextAnswer()).to.include({ status: 200, body: 'hello' });
  });

  it('refuses two Hosts, and what no host is called (RFC 9112, 3.2)', async () => {
    const server = await listen();
    for (const host of ['Host: a\r\nHost: a', 'Host: a\r\nHOST: b', 'Host: a b', 'Host: a/b', 'Host: a@b']) {
      for (const version of ['1.0', '1.1']) {
        const connection = await send(server, `GET / HTTP/${version}\r\n${host}\r\n\r\n`);
        expectMalformed(await connection.nextAnswer());
        await connection.closed;
      }
    }
    for (const host of ['', 'a', 'shop.example.com:8555', '[::1]:8555', '127.0.0.1']) {
      const connection = await send(server, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(await connection.nextAnswer(), host).to.include({ status: 200 });
    }
  });

  it('says 100 to whoever waits for it once the body is read, and never before another answer', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
    const reading = await listen((request, response) => {
      request.resume();
      request.once('end', () => answerHello(request, response));
    });
    const read = await send(reading, head);
    expect(await read.nextAnswer()).to.include({ status: 100 });
    read.write('12345');
    expect(await read.nextAnswer()).to.include({ status: 200, body: 'hello' });

    const refusing = await listen((_request, response) =>
      response.writeHead(413, { 'Content-Length': 0 }).end(),
    );
    const refused = await send(refusing, head);
    expect(await refused.nextAnswer()).to.include({ status: 413 });
    await refused.closed;
    expect(await refused.nextAnswer()).to.equal(null);
  });

  it('passes over expectations that it does not know (RFC 9110, 10.1.1)', async () => {
    const connection = await send(await listen(), 'GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n');
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
  });

  it('is not harmed by callers that leave in the middle of a header', async () => {
    const server = await listen();
    const gone = await send(server, 'GET / HT');
    gone.destroy();
    await gone.closed;
    const connection = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
  });

  it('listens until the running request has its answer, and closes then', async () => {
    const held: (() => void)[] = [];
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const server = await listen((request, response) => {
      if (request.url !== '/held') answerHello(request, response);
      else {
        held.push(() => answerHello(request, response));
        arrive();
      }
    });
    const { url } = server;
    const connection = await send(server, 'GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const order: string[] = [];
    const closed = server.close(60_000, () => {}).then(() => order.push('closed'));
    for (const when of ['at once', 'again']) {
      const other = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(await other.nextAnswer(), when).to.include({ status: 200, body: 'hello' });
    }
    order.push('answered');
    for (const answer of held) answer();
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
    await closed;
    expect(order).to.deep.equal(['answered', 'closed']);
    expect(await denialReason(url)).to.equal('ECONNREFUSED');
  });

  it('lets a reader that is slow have all of an answer before it closes', async () => {
    const text = 'x'.repeat(8 * 1024 * 1024);
    let ended = () => {};
    const isEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const server = await listen((_request, response) => {
      response.setHeader('Content-Length', text.length).end(text);
      ended();
    });
    const connection = await RawConnection.open(server.url);
    connection.pause();
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await isEnded;
    const closed = server.close(60_000, () => {});
    await delay(1);
    connection.resume();
    expect((await connection.nextAnswer())?.body.length).to.equal(text.length);
    await closed;
  });

  it('listens no more when nothing runs, whoever is connected', async () => {
    const server = await listen();
    const { url } = server;
    const kept = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await kept.nextAnswer();
    const closed = server.close(60_000, () => {});
    await kept.closed;
    expect(await denialReason(url)).to.equal('ECONNREFUSED');
    await closed;
  });

  it('closes at once when the answers that wait for another one have lost their connection', async () => {
    const arrivals = new EventEmitter();
    const server = await listen((_request, response) => arrivals.emit('arrival', response));
    const connection = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(arrivals, 'arrival');
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(arrivals, 'arrival');
    const closed = server.close(60_000, () => undefined);
    connection.destroy();
    await closed;
  });

  it('listens no more after the grace, whatever still runs', async () => {
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const server = await listen(() => arrive());
    const { url } = server;
    await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    let calledOff = () => {};
    const grace = new Promise<void>((resolve) => {
      calledOff = resolve;
    });
    const closed = server.close(10, calledOff);
    await grace;
    expect(await denialReason(url)).to.equal('ECONNREFUSED');
    await closed;
  });

  it('calls off what still runs after the grace, so that it can be answered', async () => {
    const answers: (() => void)[] = [];
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const server = await listen((request, response) => {
      answers.push(() => answerHello(request, response));
      arrive();
    });
    const connection = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const closed = server.close(10, () => {
      for (const answer of answers) answer();
    });
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
    await closed;
  });

  it('cuts what does not even end then', async () => {
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const server = await listen(() => arrive());
    const connection = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    await server.close(10, () => {});
    expect(await connection.nextAnswer()).to.equal(null);
  });

  describe('towards a reader', () => {
    const STALL_MS = 200;
    /** More than the kernel keeps for two sockets. */
    const FLOOD = 'x'.repeat(32 * 1024 * 1024);
    const arrivals = new EventEmitter();
    let server: HttpServer;
    let release: () => void;

    beforeEach(async () => {
      const listener: RequestListener = (request, response) => {
        if (request.url === '/flood') response.setHeader('Content-Length', FLOOD.length).end(FLOOD);
        else if (request.url === '/begun') response.write(FLOOD);
        else if (request.url === '/held') release = () => answerHello(request, response);
        else answerHello(request, response);
        arrivals.emit(request.url ?? '', response);
      };
      server = await listen(listener, '127.0.0.1', STALL_MS);
    });

    function get(...paths: readonly string[]): string {
      return paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    }

    /** Asks, and takes nothing of the answer. */
    async function askAndStall(
      path: string,
    ): Promise<{ connection: RawConnection; response: ServerResponse }> {
      const connection = await RawConnection.open(server.url);
      connection.pause();
      const arrival = once(arrivals, path);
      connection.write(get(path));
      const [response]: ServerResponse[] = await arrival;
      if (response === undefined) throw new Error('an event without its response');
      return { connection, response };
    }

    /** Passes on when another reader has stalled for too long. */
    async function anotherIsCut(): Promise<void> {
      const { connection, response } = await askAndStall('/flood');
      await once(response, 'close');
      connection.destroy();
    }

    it('cuts one that takes nothing of a finished answer, however much it sends', async () => {
      const { connection, response } = await askAndStall('/flood');
      const sending = setInterval(() => connection.write('\r\n'), 5);
      await once(response, 'close').finally(() => clearInterval(sending));
      expect(response.errored).to.be.an('error');
      connection.destroy();
    });

    it('keeps one that waits for an answer, or has no more to ask', async () => {
      const connection = await send(server, get('/', '/held', '/'));
      expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
      await anotherIsCut();
      await anotherIsCut();
      release();
      expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
      expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
      await anotherIsCut();
      connection.write(get('/'));
      expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
    });

    it('cuts one that takes nothing of an answer that is still being made, however much is added', async () => {
      const { connection, response } = await askAndStall('/begun');
      const adding = setInterval(() => response.write('more, and in ünïcode'), 5);
      await once(response, 'close').finally(() => clearInterval(adding));
      expect(response.errored).to.be.an('error');
      connection.destroy();
    });

    it('cuts one that takes nothing of an answer with others behind it, and ends those', async () => {
      const connection = await RawConnection.open(server.url);
      connection.pause();
      const flooded = once(arrivals, '/flood');
      connection.write(get('/flood', '/held'));
      const held = once(arrivals, '/held');
      const [response]: ServerResponse[] = await flooded;
      const [queued]: ServerResponse[] = await held;
      if (response === undefined || queued === undefined) throw new Error('an event without its response');
      await Promise.all([once(response, 'close'), once(queued, 'close')]);
      expect(response.errored).to.be.an('error');
      connection.destroy();
    });
  });
});
