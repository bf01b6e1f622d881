import type { RequestListener } from 'node:http';
import { expect } from 'chai';
import { HttpServer } from '#src/infrastructure/http-server.js';
import { EXPECTED_SECURITY_HEADERS, UUID } from '#tests/support/expect-response.js';
import { type RawAnswer, RawConnection } from '#tests/support/raw-connection.js';

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

  async function listen(listener: RequestListener = answerHello, host = '127.0.0.1'): Promise<HttpServer> {
    const server = await HttpServer.listen(listener, host, 0);
    servers.push(server);
    return server;
  }

  async function send(server: HttpServer, text: string): Promise<RawConnection> {
    const connection = await RawConnection.open(server.url);
    connection.write(text);
    return connection;
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
    const error = await HttpServer.listen(answerHello, '127.0.0.1', Number(port)).catch(
      (caught: unknown) => caught,
    );
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

  it('closes when the running request has its answer', async () => {
    let answer = () => {};
    const arrived = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let finish = () => {};
    const server = await listen((request, response) => {
      finish = () => answerHello(request, Object.assign(response, {}));
      answer();
    });
    const connection = await send(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const order: string[] = [];
    const closed = server.close(60_000, () => {}).then(() => order.push('closed'));
    finish();
    expect(await connection.nextAnswer()).to.include({ status: 200, body: 'hello' });
    order.push('answered');
    await closed;
    expect(order).to.deep.equal(['answered', 'closed']);
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
});
