import { expect } from 'chai';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { RedisBench } from '#tests/adapters/redis/redis-bench.js';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { CLIENT, expectAppError, rejectionOf } from '#tests/support/conversation-cache-bench.js';
import { RedisCluster } from './redis-cluster.js';
import { remoteHarness } from './remote-harness.js';

const KEYS = `fw:1:{${CLIENT}}:`;

describe('RedisConversationCache on a cluster of three nodes', function () {
  this.timeout(30_000);
  let cluster: RedisCluster;
  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(() => cluster.stop());

  describe('whose nodes are not what they were', () => {
    let one: RedisBench;
    let other: RedisBench;

    beforeEach(async () => {
      const connection = readConfig({ REDIS_URL: cluster.url }).redis;
      if (connection === null) throw new Error('REDIS_URL was not understood');
      one = await RedisBench.start({ url: cluster.url, connection });
      other = await RedisBench.start({ url: cluster.url, connection });
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

  conversationCacheContract(
    remoteHarness(
      'Redis Cluster',
      () => cluster.url,
      () => cluster.kill(),
    ),
  );
});
