import { redisStorage } from '#tests/support/fixtures/app-storages.js';
import { describeOnAnyRedis } from '#tests/support/processes/with-redis.js';
import { idempotencyContract } from '../../http/idempotency.contract.js';
import { parallelTurnsContract } from '../../http/parallel-turns.contract.js';

/** Not the whole API: the rest of it looks at times, which Redis takes from its own clock. */
describeOnAnyRedis('HTTP API on Redis', (redis) => {
  const storage = redisStorage(redis);
  idempotencyContract(storage);
  parallelTurnsContract(storage);
});
