import { RedisConnection } from '#src/adapters/redis/redis-connection.js';
import { RedisConversationCache } from '#src/adapters/redis/redis-conversation-cache.js';
import { conversationCacheContract } from '#tests/contracts/conversation-cache.contract.js';
import { RedisServer } from '#tests/support/redis-server.js';
import { recordingLogger } from '#tests/support/test-app.js';

const BOUNDS = { maxMessages: 40, maxTokens: 8000 };

describe('RedisConversationCache', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());

  conversationCacheContract({
    name: 'Redis',
    create: async (options) => {
      const connection = await RedisConnection.open({
        settings: server.connection,
        logger: recordingLogger([]),
      });
      await connection.client.flushall();
      const cache = new RedisConversationCache({ connection, bounds: BOUNDS, ...options });
      return {
        cache,
        now: () => Date.now(),
        advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        ageReplays: async (ms) => {
          for (const key of await connection.client.keys('fw:1:*:r:*')) {
            await connection.client.pexpire(key, (await connection.client.pttl(key)) - ms);
          }
        },
        close: async () => {
          cache.close();
          await connection.close();
        },
      };
    },
    breakBackend: () => server.kill(),
  });
});
