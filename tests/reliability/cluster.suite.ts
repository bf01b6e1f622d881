import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { RedisCluster } from './redis-cluster.js';
import { remoteHarness } from './remote-harness.js';

describe('RedisConversationCache on a cluster of three nodes', function () {
  this.timeout(30_000);
  let cluster: RedisCluster;
  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(() => cluster.stop());

  conversationCacheContract(
    remoteHarness(
      'Redis Cluster',
      () => cluster.url,
      () => cluster.kill(),
    ),
  );
});
