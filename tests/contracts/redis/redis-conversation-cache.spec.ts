import { setTimeout as delay } from 'node:timers/promises';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import type { ConversationCacheHarness } from '#tests/support/fixtures/conversation-cache-bench.js';
import { RedisBench } from '#tests/support/fixtures/redis-bench.js';
import { describeOnAnyRedis, type RedisUnderTest } from '#tests/support/processes/with-redis.js';

function harness(redis: () => RedisUnderTest): ConversationCacheHarness {
  return {
    name: 'Redis',
    create: async (options) => {
      const bench = await RedisBench.start(redis(), options);
      const { client } = bench.connection;
      await client.flushdb();
      return {
        cache: bench.cache,
        now: () => Date.now(),
        advance: (ms) => delay(ms),
        ageReplays: async (ms) => {
          for (const key of await client.keys('fw:1:*:r:*')) {
            await client.pexpire(key, (await client.pttl(key)) - ms);
          }
        },
        close: () => bench.stop(),
      };
    },
  };
}

describeOnAnyRedis('RedisConversationCache', (redis, server) =>
  conversationCacheContract({
    ...harness(redis),
    // The last of the contract's tests.
    ...(server === null ? {} : { breakBackend: () => server().kill() }),
  }),
);
