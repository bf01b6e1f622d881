import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { ConnectionPolicy } from '#src/adapters/http/server/connection-policy.js';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { EXPECTED_SECURITY_HEADERS } from '#tests/support/assertions/expect-response.js';
import { type RawAnswer, RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const HEADERS_MS = 100;
const REQUEST_MS = 300;
const POLICY: Partial<ConnectionPolicy> = {
  headersMs: HEADERS_MS,
  requestMs: REQUEST_MS,
  lateBodyMs: 50,
  lingerMs: 50,
  lookMs: 10,
};
const TRICKLE_MS = 5;

describe('HttpServer, towards slow callers', () => {
  let server: HttpServer;
  let logLines: LogLine[];
  let connection: RawConnection;
  let onRequest: RequestListener;

  const listen = async (policy: Partial<ConnectionPolicy> = {}) => {
    logLines = [];
    const listener: RequestListener = (request, response) => onRequest(request, response);
    const logger = recordingLogger(logLines);
    server = await HttpServer.listen(listener, {
      host: '127.0.0.1',
      port: 0,
      logger,
      policy: { ...POLICY, ...policy },
    });
    connection = await RawConnection.open(server.url);
  };

  const answerHello: RequestListener = (_request, response) => {
    response.setHeader('Content-Length', 5).end('hello');
  };

  /** Sends a little of it again and again, until the connection is gone. */
  async function trickle(bytes: string): Promise<void> {
    const sending = setInterval(() => connection.write(bytes), TRICKLE_MS);
    await connection.closed;
    clearInterval(sending);
  }

  function expectTimeout(answer: RawAnswer | null): void {
    const { date: _, ...headers } = answer?.headers ?? {};
    const requestId = headers['x-request-id'];
    expect({ status: answer?.status, headers, body: JSON.parse(answer?.body ?? '') }).to.deep.equal({
      status: 408,
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
        type: 'urn:fastwrap:error:request_timeout',
        title: 'Request Timeout',
        status: 408,
        detail: 'The request did not arrive in time.',
        code: 'request_timeout',
        requestId,
      },
    });
    const [line, ...others] = logLines;
    expect(others).to.deep.equal([]);
    expect(line).to.deep.include({ level: 'info', message: 'request' });
    expect(line?.fields).to.deep.include({ requestId, route: null, status: 408 });
  }

  beforeEach(() => {
    onRequest = answerHello;
  });

  afterEach(async () => {
    connection.destroy();
    await server.close(0, () => undefined);
  });

  it('answers headers that do not end with 408, and closes, however much is added', async () => {
    await listen();
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n');
    await trickle('X-Slow: a\r\n');
    expectTimeout(await connection.nextAnswer());
  });

  it('counts the headers of a later request from their first byte', async () => {
    await listen();
    for (let count = 0; count < 5; count += 1) {
      connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      expect((await connection.nextAnswer())?.status).to.equal(200);
      await delay(HEADERS_MS / 2);
    }
    connection.write('GET / HTTP/1.1\r\n');
    await connection.closed;
    expectTimeout(await connection.nextAnswer());
  });

  it('closes a connection on which nothing is asked, without a word', async () => {
    await listen();
    await connection.closed;
    expect(await connection.nextAnswer()).to.equal(null);
    expect(logLines).to.deep.equal([]);
  });

  it('closes one that never reads its error response, and only sends', async () => {
    await listen();
    connection.pause();
    connection.write('GET / HTTP/1.1\r\n');
    await trickle('X: a\r\n');
  });

  for (const [name, head, piece] of [
    ['of a known length', 'Content-Length: 100000', 'x'],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ] as const) {
    it(`answers a body ${name} that does not end with 408, and rejects for the reader of the body`, async () => {
      await listen();
      let reported: Promise<unknown> = Promise.resolve();
      onRequest = (request, response) => {
        request.on('data', () => undefined);
        reported = Promise.all([
          once(request, 'error').catch((error: unknown) => error),
          once(response, 'close'),
        ]);
      };
      connection.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
      await trickle(piece);
      expectTimeout(await connection.nextAnswer());
      await reported;
    });
  }

  it('closes a connection whose upload goes on after its answer', async () => {
    await listen({ requestMs: 60_000 });
    connection.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    expect((await connection.nextAnswer())?.status).to.equal(200);
    await trickle(`1000\r\n${'x'.repeat(0x1000)}\r\n`);
    expect(await connection.nextAnswer()).to.equal(null);
  });

  it('keeps a connection whose body comes soon after its answer', async () => {
    await listen({ lateBodyMs: 60_000 });
    connection.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab');
    expect((await connection.nextAnswer())?.status).to.equal(200);
    connection.write('cdeGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.nextAnswer())?.status).to.equal(200);
  });

  it('does not count the time in which it does not read itself', async () => {
    await listen({ maxRequestsUnderWay: 1 });
    const held: ServerResponse[] = [];
    onRequest = (_request, response) => void held.push(response);
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n');
    await delay(2 * HEADERS_MS);
    const answer = (response: ServerResponse | undefined) => response?.setHeader('Content-Length', 0).end();
    answer(held.shift());
    expect((await connection.nextAnswer())?.status).to.equal(200);
    onRequest = answerHello;
    connection.write('Host: a\r\n\r\n');
    expect((await connection.nextAnswer())?.body).to.equal('hello');
  });

  it('writes what it has to refuse behind the answers that are still made', async () => {
    await listen({ headersMs: 60_000 });
    const arrived = new Promise<ServerResponse>((resolve) => {
      onRequest = (_request: IncomingMessage, response) => resolve(response);
    });
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await arrived;
    connection.write('garbage\r\n\r\n');
    await delay(50);
    response.setHeader('Content-Length', 5).end('hello');
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
    expect(await connection.nextAnswer()).to.include({ status: 400 });
    await connection.closed;
  });
});
