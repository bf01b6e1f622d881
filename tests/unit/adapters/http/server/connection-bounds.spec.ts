import { EventEmitter, once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { AddressShares } from '#src/adapters/http/server/address-shares.js';
import {
  type ConnectionPolicy,
  DEFAULT_CONNECTION_POLICY,
} from '#src/adapters/http/server/connection-policy.js';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('HttpServer, towards one address', () => {
  const arrivals = new EventEmitter();
  let servers: HttpServer[];
  let connections: RawConnection[];
  let logLines: LogLine[];

  async function listen(
    policy: Partial<ConnectionPolicy>,
    listener: RequestListener = (_request, response) =>
      void response.setHeader('Content-Length', 2).end('ok'),
    host = '127.0.0.1',
  ): Promise<HttpServer> {
    const logger = recordingLogger(logLines);
    const server = await HttpServer.listen(listener, { host, port: 0, logger, policy });
    servers.push(server);
    return server;
  }

  async function connect({ url }: HttpServer): Promise<RawConnection> {
    const connection = await RawConnection.open(url);
    connections.push(connection);
    return connection;
  }

  async function statusOn(connection: RawConnection): Promise<number | undefined> {
    connection.write(GET);
    return (await connection.nextAnswer())?.status;
  }

  beforeEach(() => {
    servers = [];
    connections = [];
    logLines = [];
  });

  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    await Promise.all(servers.map((server) => server.close(0, () => undefined)));
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`answers a connection of ${host} that is too many with 429, and lets it in when another has gone`, async () => {
      const server = await listen({ maxConnectionsPerAddress: 2 }, undefined, host);
      const kept = await connect(server);
      expect(await statusOn(kept)).to.equal(200);
      const second = await connect(server);
      expect(await statusOn(second)).to.equal(200);
      const third = await connect(server);
      const errorResponse = await third.nextAnswer();
      await third.closed;
      expect(errorResponse?.headers).to.include({
        'content-type': 'application/problem+json',
        'retry-after': '1',
        connection: 'close',
      });
      const requestId = errorResponse?.headers['x-request-id'];
      expect(JSON.parse(errorResponse?.body ?? '')).to.deep.equal({
        type: 'urn:fastwrap:error:rate_limited',
        title: 'Too Many Requests',
        status: 429,
        detail: 'The limit "connections" was hit: 2 open connections of this address.',
        code: 'rate_limited',
        requestId,
      });
      expect(logLines).to.have.length(1);
      expect(logLines[0]?.fields).to.deep.include({ requestId, status: 429 });
      second.destroy();
      let status: number | undefined;
      while (status !== 200) status = await statusOn(await connect(server));
      expect(await statusOn(kept)).to.equal(200);
    });
  }

  it('has no such bound for proxies that are trusted, nor where it is 0', async () => {
    const isProxy = (address: string) => address === '127.0.0.1';
    for (const policy of [{ maxConnectionsPerAddress: 1, isProxy }, { maxConnectionsPerAddress: 0 }]) {
      const server = await listen(policy);
      for (let count = 0; count < 5; count += 1) expect(await statusOn(await connect(server))).to.equal(200);
    }
  });

  it('gives a proxy and its neighbours of one network shares of their own', () => {
    const isProxy = (address: string) => address === 'fd00::1';
    const shares = new AddressShares({ ...DEFAULT_CONNECTION_POLICY, maxConnectionsPerAddress: 1, isProxy });
    const join = (address: string) => {
      const share = shares.find(address);
      if (share === null) return false;
      shares.join(share, { waitingBytes: 0, goOn: () => undefined, cut: () => undefined });
      return true;
    };
    expect(['fd00::2', 'fd00::1', 'fd00::1', 'fd00::3'].map(join)).to.deep.equal([true, true, true, false]);
  });

  it('cuts the readers for whom most waits, once too much does', async () => {
    const MIB = 1024 * 1024;
    const listener: RequestListener = (request, response) => {
      response.write('x'.repeat(Number(request.url?.slice(1)) * MIB));
      arrivals.emit('response', response);
    };
    const policy = { maxWaitingBytesPerAddress: 64 * MIB, lookMs: 10, stallMs: 60_000 };
    const server = await listen(policy, listener);
    const ask = async (mib: number): Promise<ServerResponse> => {
      const connection = await connect(server);
      connection.pause();
      const arrival = once(arrivals, 'response');
      connection.write(GET.replace('/', `/${mib}`));
      const [response]: ServerResponse[] = await arrival;
      if (response === undefined) throw new Error('an event without its response');
      return response;
    };
    const modest = await ask(20);
    const greedy = await ask(40);
    const closed = once(greedy, 'close');
    const modestToo = await ask(20);
    await closed;
    expect([modest.destroyed, modestToo.destroyed]).to.deep.equal([false, false]);
  });
});
