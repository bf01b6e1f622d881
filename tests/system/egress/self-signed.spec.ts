import { once } from 'node:events';
import { createServer, connect as tlsConnect } from 'node:tls';
import { expect } from 'chai';
import { LangSmithConnection } from '#src/adapters/langsmith/langsmith-connection.js';
import { createRedisClient } from '#src/adapters/redis/connection/create-redis-client.js';
import { prompt, rejection } from '#tests/contracts/llm-gateway.contract.js';
import { SELF_SIGNED } from '#tests/support/fakes/self-signed.js';
import { connect } from '#tests/unit/adapters/langchain/connection.js';
import { finishedCall } from '#tests/unit/adapters/langsmith/finished-calls.js';

const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED';

describe(`a certificate that nobody vouches for, with ${VARIABLE}=0 in the environment`, () => {
  /** What somebody said who believed the certificate. */
  let received: Buffer[];
  const server = createServer(SELF_SIGNED, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => received.push(data));
  });
  let port: number;
  const variable = process.env[VARIABLE];

  before(async () => {
    process.env[VARIABLE] = '0';
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  beforeEach(() => {
    received = [];
  });
  after(async () => {
    if (variable === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = variable;
    server.close();
    await once(server, 'close');
  });

  it('is believed by whoever does not say otherwise', async () => {
    const socket = tlsConnect({ host: '127.0.0.1', port });
    await once(socket, 'secureConnect');
    socket.end('hello');
    await once(socket, 'close');
    expect(Buffer.concat(received).toString()).to.equal('hello');
  });

  for (const provider of ['openai', 'openai-compatible', 'mistral'] as const) {
    for (const streamed of [false, true]) {
      it(`gets nothing of a ${streamed ? 'streamed' : 'plain'} call to ${provider}`, async () => {
        const { gateway, close } = connect(provider, `https://127.0.0.1:${port}/v1`);
        const { signal } = new AbortController();
        const call = streamed
          ? gateway.stream(prompt('m'), signal, async () => undefined)
          : gateway.generate(prompt('m'), signal);
        expect(await rejection(call)).to.have.property('code', 'model_failed');
        await close();
        expect(received).to.deep.equal([]);
      });
    }
  }

  it('gets no trace', async () => {
    const endpoint = `https://127.0.0.1:${port}`;
    const langsmith = new LangSmithConnection({ apiKey: 'key', endpoint, project: 'p' });
    const sent = langsmith.send(
      [finishedCall('01940000-0000-7000-8000-000000000001')],
      new AbortController().signal,
    );
    expect(await rejection(sent)).to.have.property('code', 'DEPTH_ZERO_SELF_SIGNED_CERT');
    await langsmith.close();
    expect(received).to.deep.equal([]);
  });

  for (const kind of ['single', 'sentinel', 'cluster'] as const) {
    it(`gets no word of Redis, ${kind}`, async () => {
      const address = { host: '127.0.0.1', port };
      const credentials = { username: null, password: 'secret' };
      const topology = {
        single: { kind: 'single', address, database: 0 },
        sentinel: {
          kind: 'sentinel',
          sentinels: [address],
          master: 'm',
          database: 0,
          sentinelCredentials: credentials,
        },
        cluster: { kind: 'cluster', nodes: [address] },
      } as const;
      const client = createRedisClient({ topology: topology[kind], credentials, tls: true });
      const refused = new Promise<unknown>((resolve) => client.on('error', resolve));
      expect(await refused).to.be.instanceOf(Error);
      client.disconnect();
      expect(received).to.deep.equal([]);
    });
  }
});
