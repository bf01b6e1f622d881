import { expect } from 'chai';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import { RateLimiter } from '#src/application/limits/rate-limiter.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { rateLimiterContract } from '#tests/contracts/rate-limiter.contract.js';
import { countersOn } from '../support/assertions/redis-counters.js';
import { advanceRedis } from '../support/assertions/redis-time.js';
import { ManualClock } from '../support/fakes/manual-clock.js';
import { CLIENT, CONVERSATION, expectAppError, rejectionOf } from '../support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '../support/fixtures/redis-cache-fixture.js';
import { recordingLogger } from '../support/fixtures/test-app.js';
import { RedisCluster } from './redis-cluster.js';
import { mastersOf, remoteHarness } from './remote-harness.js';

const KEYS = `fw:1:{${CLIENT}}:`;

describe('on a cluster of three nodes', function () {
  this.timeout(30_000);
  let cluster: RedisCluster;
  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(() => cluster.stop());

  function settings(): RedisSettings {
    const { redis } = readConfig({ REDIS_URL: cluster.url });
    return redis ?? expect.fail('REDIS_URL was not understood');
  }
  const connect = () => RedisConnection.open({ settings: settings(), logger: recordingLogger([]) });

  describe('whose nodes are not what they were', () => {
    let one: RedisCacheFixture;
    let other: RedisCacheFixture;

    beforeEach(async () => {
      one = await RedisCacheFixture.start({ url: cluster.url, connection: settings() });
      other = await RedisCacheFixture.start({ url: cluster.url, connection: settings() });
    });
    afterEach(async () => {
      await one.stop();
      await other.stop();
    });

    it('opens no second turn while a slot moves', async () => {
      const held = await one.open();
      await cluster.whileMoving(KEYS, async () => {
        expectAppError(await rejectionOf(other.open({ onBusy: 'reject' })), 'cache_unavailable');
      });
      expectAppError(await rejectionOf(other.open({ onBusy: 'reject' })), 'conversation_busy');
      await held.release();
    });

    it('runs nothing that was refused, from the queue of its client, when its nodes return', async () => {
      await one.add('t1');
      const { client } = one.connection;
      const fence = await client.get(`${KEYS}f`);
      cluster.freeze();
      client.disconnect(true);
      expectAppError(await rejectionOf(one.open()), 'cache_unavailable');
      cluster.thaw();
      expect(await client.get(`${KEYS}f`)).to.equal(fence);
      expect(await client.exists(`${KEYS}l:${CONVERSATION}`)).to.equal(0);
    });

    it('gives back what a question takes that was sent later than its caller waited', async () => {
      const { client } = one.connection;
      cluster.freeze();
      client.disconnect(true);
      expectAppError(await rejectionOf(one.open()), 'cache_unavailable');
      cluster.thaw();
      await client.get(`${KEYS}f`);
      const start = performance.now();
      await (await other.open()).release();
      expect(performance.now() - start).to.be.below(2000);
    });
  });

  rateLimiterContract({
    name: 'Redis Cluster',
    open: async () => {
      const connection = await connect();
      for (const client of mastersOf(connection.client)) await client.flushall();
      const clock = new ManualClock();
      return {
        limiter: new RateLimiter({ counters: countersOn(connection), instances: 3, clock }),
        advance: async (ms) => {
          clock.advance(ms);
          for (const client of mastersOf(connection.client)) await advanceRedis({ client }, ms);
        },
        close: () => connection.close(),
      };
    },
  });

  conversationCacheContract(
    remoteHarness(
      'Redis Cluster',
      () => cluster.url,
      () => cluster.kill(),
    ),
  );
});
