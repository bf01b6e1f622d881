import { MemoryCounters } from '#src/adapters/memory/counters/memory-counters.js';
import type { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { RedisCounters } from '#src/adapters/redis/counters/redis-counters.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { InsuredCounters } from '#src/application/limits/insured-counters.js';

/** As the service has them on Redis. */
export function countersOn(connection: RedisConnection): InsuredCounters {
  return new InsuredCounters(new RedisCounters(connection, 'test:'), new MemoryCounters(new SystemClock()));
}
