import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { RedisScript } from '#src/adapters/redis/connection/redis-script.js';
import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import { expectAppError, rejectionOf } from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';
import { freePort } from '#tests/support/processes/free-port.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const CANARY = 'c4n4ry';
const ECHO = new RedisScript('return ARGV[1]');

describeWithRedis('RedisConnection', (redis) => {
  const opened: RedisConnection[] = [];
  let logLines: LogLine[];

  beforeEach(() => {
    logLines = [];
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection.close();
  });

  const open = async (settings: RedisSettings = redis().connection): Promise<RedisConnection> => {
    const connection = await RedisConnection.open({ settings, logger: recordingLogger(logLines) });
    opened.push(connection);
    return connection;
  };
  const echo = (connection: RedisConnection) => connection.run(ECHO, ['fw:{a}'], ['text']);
  const refused = async (connection: RedisConnection): Promise<number> => {
    const start = performance.now();
    expectAppError(await rejectionOf(echo(connection)), 'cache_unavailable');
    return performance.now() - start;
  };
  const messages = () => logLines.map(({ message }) => message);

  it('waits for no answer longer than its time, then for none at all, and is back by itself', async () => {
    const connection = await open();
    redis().freeze();
    for (let failures = 0; failures < 3; failures += 1) {
      expect(connection.isAvailable).to.equal(true);
      expect(await refused(connection)).to.be.within(240, 500);
    }
    expect(connection.isAvailable).to.equal(false);
    for (let times = 0; times < 10; times += 1) expect(await refused(connection)).to.be.below(20);
    redis().thaw();
    const start = performance.now();
    while (!connection.isAvailable) await new Promise(setImmediate);
    expect(performance.now() - start).to.be.below(2000);
    expect(await echo(connection)).to.equal('text');
    expect(messages()).to.deep.equal(['Redis is away', 'Redis is back']);
  });

  it('does not take one failure for an absence', async () => {
    const connection = await open();
    for (let times = 0; times < 5; times += 1) {
      redis().freeze();
      await refused(connection);
      redis().thaw();
      expect(await echo(connection)).to.equal('text');
    }
    expect(messages()).to.deep.equal([]);
  });

  it('keeps what was sent and the password out of every error', async () => {
    const connection = await open();
    const broken = new RedisScript(`return redis.call('nonsense', ARGV[1])`);
    const errors = [
      await rejectionOf(connection.run(broken, ['fw:{a}'], [CANARY])),
      await rejectionOf(connection.attempt((client) => client.call('nonsense', CANARY))),
      await rejectionOf(connection.attempt((client) => client.auth(CANARY))),
    ];
    redis().freeze();
    errors.push(await rejectionOf(connection.run(ECHO, ['fw:{a}'], [CANARY])));
    redis().thaw();
    for (const error of errors) {
      expectAppError(error, 'cache_unavailable');
      expect(error).to.have.property('cause').that.is.instanceOf(Error);
      const shown = inspect(error, { depth: 9, showHidden: true });
      expect(shown).not.to.contain(CANARY);
      expect(shown).not.to.contain(redis().password);
    }
  });

  it('names what is fatal: a wrong password, something else at that address, a cluster that is none', async () => {
    const { connection } = redis();
    const other = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'),
    );
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const topology = { kind: 'single', address: { host: '127.0.0.1', port }, database: 0 } as const;
    const nodes = [{ host: '127.0.0.1', port: redis().port }];
    for (const [settings, words] of [
      [
        { ...connection, credentials: { username: null, password: CANARY } },
        /^Redis refuses its user or password/,
      ],
      [{ ...connection, topology }, /^What answers at the address of Redis does not speak its protocol/],
      [{ ...connection, topology: { kind: 'cluster', nodes } }, /^This Redis is not a cluster/],
    ] as const) {
      const error = await rejectionOf(open(settings));
      expect(error).to.be.instanceOf(Error).and.to.have.property('message').that.matches(words);
      expect(inspect(error)).not.to.contain(CANARY);
    }
    other.close();
  });

  it('names what keeps a cluster away whose only node does not know its own address', async () => {
    const busPort = await freePort('127.0.0.1');
    const lonely = await RedisServer.start('--cluster-enabled yes', `--cluster-port ${busPort}`);
    const operator = new Redis(lonely.url);
    await operator.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!String(await operator.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    operator.disconnect();
    const topology = { kind: 'cluster', nodes: [{ host: '127.0.0.1', port: lonely.port }] } as const;
    const error = await rejectionOf(open({ ...lonely.connection, topology }));
    expect(error)
      .to.be.instanceOf(Error)
      .and.to.have.property('message')
      .that.matches(/cluster-announce-ip/);
    await lonely.stop();
  });

  it('needs no more rights than the documentation says', async () => {
    const operator = new Redis(redis().url);
    await operator.call(
      'ACL',
      'SETUSER',
      'shop',
      'on',
      `>${CANARY}`,
      '~fw:*',
      '+@all',
      '-@dangerous',
      '+info',
    );
    operator.disconnect();
    const credentials = { username: 'shop', password: CANARY };
    const fixture = await RedisCacheFixture.start({
      url: '',
      connection: { ...redis().connection, credentials },
    });
    await fixture.cache.check();
    await fixture.add('t1');
    await (await fixture.open()).release();
    await fixture.cache.deleteByClient('client');
    await fixture.stop();
  });
});
