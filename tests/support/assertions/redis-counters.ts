import { InsuredCounters } from '#src/adapters/rate-limiter-flexible/insured-counters.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import { RedisCounters } from '#src/adapters/rate-limiter-flexible/redis-counters.js';
import type { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { GatheredCounts } from '#src/adapters/redis/counters/gathered-counts.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';

/** As the service has them on Redis. */
export function countersOn(connection: RedisConnection): InsuredCounters {
  return new InsuredCounters(
    new RedisCounters({
      client: connection.client,
      counts: new GatheredCounts(connection),
      attempt: (operation) => connection.attempt(operation),
      prefix: 'test:',
    }),
    new MemoryCounters(new SystemClock()),
  );
}
