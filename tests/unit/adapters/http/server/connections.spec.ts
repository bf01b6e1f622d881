import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { restore, stub } from 'sinon';
import { Connection } from '#src/adapters/http/server/connection.js';
import { DEFAULT_CONNECTION_POLICY } from '#src/adapters/http/server/connection-policy.js';
import { Connections } from '#src/adapters/http/server/connections.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('Connections', () => {
  const arrivals = new EventEmitter();
  let lines: LogLine[];
  let logger: Logger;
  let connections: Connections;
  let sockets: Socket[];
  let callers: RawConnection[];
  let server: Server;

  async function connect(text: string): Promise<RawConnection> {
    const address: AddressInfo | string | null = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
    const caller = await RawConnection.open(`http://127.0.0.1:${address.port}`);
    callers.push(caller);
    caller.write(text);
    return caller;
  }

  async function round(): Promise<void> {
    await new Promise(setImmediate);
  }

  /** @returns the callers, once what they sent has come: all of them are late. */
  async function connectLate(count: number): Promise<RawConnection[]> {
    const late: RawConnection[] = [];
    for (let index = 0; index < count; index += 1) late.push(await connect('GET / HTTP/1.1\r\n'));
    while (sockets.length < count || sockets.some(({ bytesRead }) => bytesRead === 0)) await round();
    return late;
  }

  beforeEach(async () => {
    lines = [];
    sockets = [];
    callers = [];
    const policy = { ...DEFAULT_CONNECTION_POLICY, headersMs: 0, maxErrorResponseLines: 1000 };
    logger = recordingLogger(lines);
    connections = new Connections(policy, logger);
    server = createServer((request, response) => {
      connections.find(request.socket)?.begin(request, response);
      arrivals.emit('request', response);
    });
    server.on('connection', (socket: Socket) => {
      sockets.push(socket);
      connections.add(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    restore();
    for (const caller of callers) caller.destroy();
    server.close();
    await once(server, 'close');
  });

  it('refuses those that are late together a few in each round of the event loop', async () => {
    const LATE = 40;
    await connectLate(LATE);
    const looking = connections.look();
    let max = lines.length;
    while (lines.length < LATE) {
      const before = lines.length;
      await round();
      max = Math.max(max, lines.length - before);
    }
    await looking;
    expect(max).to.equal(4);
    expect(lines.every(({ fields }) => fields['status'] === 408)).to.equal(true);
  });

  it('destroys one whose look fails, with a line, and goes on with the others, then and later', async () => {
    const looked = stub(Connection.prototype, 'look').onFirstCall().throws(new Error('the look failed'));
    looked.callThrough();
    const [failing, other] = await connectLate(2);
    await connections.look();
    await failing?.closed;
    expect(await other?.nextAnswer()).to.include({ status: 408 });
    expect(lines.filter(({ level }) => level === 'error')).to.have.length(1);
    const third = await connect('GET / HTTP/1.1\r\n');
    while (sockets.length < 3 || sockets.some(({ bytesRead }) => bytesRead === 0)) await round();
    await connections.look();
    expect(await third.nextAnswer()).to.include({ status: 408 });
  });

  it('looks again after a logger that fails, whatever it was told', async () => {
    for (const level of ['info', 'warn', 'error'] as const) stub(logger, level).throws(new Error('no log'));
    const [first] = await connectLate(1);
    await connections.look();
    await first?.closed;
    restore();
    const second = await connect('GET / HTTP/1.1\r\n');
    while (sockets.length < 2 || sockets.some(({ bytesRead }) => bytesRead === 0)) await round();
    await connections.look();
    expect(await second.nextAnswer()).to.include({ status: 408 });
  });

  it('cuts the idle ones and spares those with a request under way', async () => {
    const arrival = once(arrivals, 'request');
    const busy = await connect(GET);
    const [response]: ServerResponse[] = await arrival;
    const idle = await connect('');
    while (sockets.length < 2) await round();
    connections.cutIdle();
    await idle.closed;
    response?.setHeader('Content-Length', 2).end('ok');
    expect(await busy.nextAnswer()).to.include({ status: 200, body: 'ok' });
  });
});
