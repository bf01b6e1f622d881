import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ConnectionPolicy } from '#src/adapters/http/server/connection-policy.js';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('HttpServer, towards pipelined requests', () => {
  const arrivals = new EventEmitter();
  let server: HttpServer;
  let connections: RawConnection[];
  let begun: { request: IncomingMessage; response: ServerResponse }[];
  let onRequest: RequestListener;

  async function listen(policy: Partial<ConnectionPolicy> = {}): Promise<void> {
    const listener: RequestListener = (request, response) => {
      begun.push({ request, response });
      onRequest(request, response);
      arrivals.emit('request');
    };
    const logger = recordingLogger([]);
    server = await HttpServer.listen(listener, { host: '127.0.0.1', port: 0, logger, policy });
  }

  async function connect(): Promise<RawConnection> {
    const connection = await RawConnection.open(server.url);
    connections.push(connection);
    return connection;
  }

  async function untilBegun(count: number): Promise<void> {
    while (begun.length < count) await once(arrivals, 'request');
  }

  /** Time enough for one more to begin, if it could. */
  async function expectNoMoreThan(count: number): Promise<void> {
    const other = await connect();
    for (let round = 0; round < 20; round += 1) {
      other.write(GET.replace('/', '/other'));
      await once(arrivals, 'request');
      const { response } = begun.splice(-1)[0] ?? {};
      answer(response);
      await other.nextAnswer();
    }
    expect(begun.length).to.equal(count);
  }

  function answer(response: ServerResponse | undefined): void {
    response?.setHeader('Content-Length', 2).end('ok');
  }

  beforeEach(() => {
    connections = [];
    begun = [];
    onRequest = () => undefined;
  });

  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    await server.close(0, () => undefined);
  });

  it('begins so many of one connection as may be under way, and another when one has its answer', async () => {
    await listen({ maxRequestsUnderWay: 4 });
    const connection = await connect();
    connection.write(GET.repeat(2000));
    await untilBegun(4);
    await expectNoMoreThan(4);
    answer(begun[0]?.response);
    await untilBegun(5);
    await expectNoMoreThan(5);
  });

  it('answers all of them, in their order', async () => {
    await listen({ maxRequestsUnderWay: 4 });
    onRequest = ({ url = '' }, response) => {
      setImmediate(() => response.setHeader('Content-Length', url.length).end(url));
    };
    const connection = await connect();
    const paths = Array.from({ length: 3000 }, (_, index) => `/${index}`);
    connection.write(paths.map((path) => GET.replace('/', path)).join(''));
    for (const path of paths) expect((await connection.nextAnswer())?.body).to.equal(path);
  });

  it('begins of one address so many besides the first of each connection', async () => {
    await listen({ maxPipelinedPerAddress: 3 });
    const first = await connect();
    first.write(GET.repeat(10));
    await untilBegun(4);
    const second = await connect();
    second.write(GET.repeat(10));
    await untilBegun(5);
    await expectNoMoreThan(5);
    answer(begun[0]?.response);
    await untilBegun(6);
    await expectNoMoreThan(6);
    first.destroy();
    await untilBegun(8);
  });

  it('holds no proxy that is trusted to the bounds of an address', async () => {
    await listen({ maxPipelinedPerAddress: 3, isProxy: (address) => address === '127.0.0.1' });
    (await connect()).write(GET.repeat(10));
    await untilBegun(10);
  });

  it('lets others come between those of many connections', async () => {
    await listen();
    const counts = { flood: 0, floodWhenAsked: 0 };
    onRequest = ({ url }, response) => {
      if (url === '/') counts.flood += 1;
      answer(response);
    };
    for (let count = 0; count < 10; count += 1) (await connect()).write(GET.repeat(1000));
    const other = await connect();
    await untilBegun(20);
    for (let round = 0; round < 20; round += 1) {
      counts.floodWhenAsked = counts.flood;
      other.write(GET.replace('/', '/other'));
      await other.nextAnswer();
      // Each round of the event loop begins one of them, and an answer takes few rounds.
      expect(counts.flood - counts.floodWhenAsked).to.be.below(100);
    }
    expect(counts.flood, 'or nobody flooded').to.be.below(10_000);
  });

  it('gives the connections of one address turns in their order, however much each has sent', async () => {
    await listen();
    onRequest = (_request, response) => answer(response);
    const first = await connect();
    first.write(GET.replace('/', '/first').repeat(300));
    await untilBegun(10);
    const second = await connect();
    second.write(GET.replace('/', '/second').repeat(20));
    while (begun.filter(({ request }) => request.url === '/second').length < 20)
      await once(arrivals, 'request');
    const since = begun.findIndex(({ request }) => request.url === '/second');
    const between = begun.slice(since).filter(({ request }) => request.url === '/first').length;
    // One of each in turn, and a little for what is at hand when a turn comes.
    expect(between).to.be.within(5, 80);
  });

  it('begins no more while answers wait for their reader', async () => {
    await listen();
    const text = 'x'.repeat(1024 * 1024);
    onRequest = (_request, response) => {
      setImmediate(() => response.setHeader('Content-Length', text.length).end(text));
    };
    const connection = await connect();
    connection.pause();
    connection.write(GET.repeat(2900));
    await untilBegun(1);
    let before = 0;
    while (before !== begun.length) {
      before = begun.length;
      for (let round = 0; round < 200; round += 1) await new Promise(setImmediate);
    }
    // What the kernel takes for two sockets, and what may be under way.
    expect(begun.length).to.be.below(64);
  });

  it('takes requests as they are and one at a time, wherever the bytes are cut', async () => {
    await listen({ maxRequestsUnderWay: 1 });
    const underWay = new Map<unknown, number>();
    let max = 0;
    onRequest = (request, response) => {
      const { socket } = request;
      const count = (underWay.get(socket) ?? 0) + 1;
      underWay.set(socket, count);
      max = Math.max(max, count);
      response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 0) - 1));
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const echo = `${request.method} ${request.url} ${Buffer.concat(chunks).toString('latin1')}`;
        response.setHeader('Content-Length', Buffer.byteLength(echo, 'latin1')).end(echo, 'latin1');
      });
    };
    const body = fc.array(fc.constantFrom('a', '\r\n', '\r\n\r\n', GET, '\n', '0\r\n'), { maxLength: 6 });
    const message = fc.record({ body: body.map((parts) => parts.join('')), kind: fc.constantFrom(0, 1, 2) });
    const run = async (messages: { body: string; kind: number }[], cuts: number[]) => {
      const connection = await connect();
      const bytes = messages.map(({ body: text, kind }, index) => toBytes(text, kind, index)).join('');
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        connection.write(bytes.slice(from, from + cut));
        from += cut;
        await new Promise(setImmediate);
      }
      for (const [index, { body: text, kind }] of messages.entries()) {
        const expected = kind === 0 ? `GET /${index} ` : `POST /${index} ${text}`;
        expect((await connection.nextAnswer())?.body).to.equal(expected);
      }
      connection.destroy();
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }),
        run,
      ),
      { numRuns: 150 },
    );
    expect(max).to.equal(1);
  });

  it('closes the answers that wait for another when the caller goes, also those that were destroyed before', async () => {
    await listen();
    const connection = await connect();
    connection.write(GET.repeat(3));
    await untilBegun(3);
    const closed = begun.map(({ response }) => once(response, 'close'));
    begun[1]?.response.destroy();
    connection.destroy();
    await Promise.all(closed);
  });
});

/** @param kind 0: without a body; 1: with its length; 2: in chunks. */
function toBytes(body: string, kind: number, index: number): string {
  if (kind === 0) return GET.replace('/', `/${index}`);
  const head = `POST /${index} HTTP/1.1\r\nHost: a\r\n`;
  if (kind === 1) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
}
