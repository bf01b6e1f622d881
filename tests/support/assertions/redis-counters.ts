import { InsuredCounters } from '#src/adapters/rate-limiter-flexible/insured-counters.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import { RedisCounters } from '#src/adapters/rate-limiter-flexible/redis-counters.js';
import type { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { BatchedCounters } from '#src/adapters/redis/counters/batched-counters.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';

/** As the service has them on Redis. */
export function countersOn(connection: RedisConnection): InsuredCounters {
  return new InsuredCounters(
    new RedisCounters({
      client: connection.client,
      counts: new BatchedCounters(connection),
      attempt: (operation) => connection.attempt(operation),
      prefix: 'test:',
    }),
    new MemoryCounters(new SystemClock()),
  );
}
