import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from '#src/adapters/redis/connection/create-redis-client.js';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { RedisConversationCache } from '#src/adapters/redis/conversations/redis-conversation-cache.js';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import type { ConversationCacheHarness } from '../support/fixtures/cache-fixture.js';
import { recordingLogger } from '../support/fixtures/test-app.js';

const BOUNDS = { maxMessages: 40, maxTokens: 8000 };

/** The cache on whatever `REDIS_URL` names, several servers included. */
export function remoteHarness(
  name: string,
  url: () => string,
  breakBackend: () => Promise<void>,
): ConversationCacheHarness {
  return {
    name,
    create: async (options) => {
      const settings = readConfig({ REDIS_URL: url() }).redis;
      if (settings === null) throw new Error('REDIS_URL was not understood');
      const connection = await RedisConnection.open({ settings, logger: recordingLogger([]) });
      for (const node of mastersOf(connection.client)) await node.flushall();
      const cache = new RedisConversationCache({ connection, bounds: BOUNDS, ...options });
      return {
        cache,
        now: () => Date.now(),
        advance: (ms) => delay(ms),
        ageReplays: async (ms) => {
          for (const node of mastersOf(connection.client)) {
            for (const key of await node.keys('fw:1:*:r:*')) {
              await node.pexpire(key, (await node.pttl(key)) - ms);
            }
          }
        },
        close: async () => {
          await cache.close();
          await connection.close();
        },
      };
    },
    breakBackend,
  };
}

export function mastersOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
