import { setTimeout as delay } from 'node:timers/promises';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import type { ConversationCacheHarness } from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { describeOnAnyRedis, type RedisUnderTest } from '#tests/support/processes/with-redis.js';

function harness(redis: () => RedisUnderTest): ConversationCacheHarness {
  return {
    name: 'Redis',
    create: async (options) => {
      const fixture = await RedisCacheFixture.start(redis(), options);
      const { client } = fixture.connection;
      await client.flushdb();
      return {
        cache: fixture.cache,
        now: () => Date.now(),
        advance: (ms) => delay(ms),
        ageReplays: async (ms) => {
          for (const key of await client.keys('fw:1:*:r:*')) {
            await client.pexpire(key, (await client.pttl(key)) - ms);
          }
        },
        close: () => fixture.stop(),
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
