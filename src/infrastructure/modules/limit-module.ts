import { ContainerModule, type ResolutionContext, type ServiceIdentifier } from 'inversify';
import type { Counters } from '#src/adapters/rate-limiter-flexible/counters.js';
import { FlexibleFailureLimiter } from '#src/adapters/rate-limiter-flexible/flexible-failure-limiter.js';
import { FlexibleKnownAddresses } from '#src/adapters/rate-limiter-flexible/flexible-known-addresses.js';
import { FlexibleRateLimiter } from '#src/adapters/rate-limiter-flexible/flexible-rate-limiter.js';
import { InsuredCounters } from '#src/adapters/rate-limiter-flexible/insured-counters.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import { RedisCounters } from '#src/adapters/rate-limiter-flexible/redis-counters.js';
import { BatchedCounters } from '#src/adapters/redis/counters/batched-counters.js';
import type { Config } from '../config/config.js';
import { CLOCK, FAILURE_LIMITER, KNOWN_ADDRESSES, RATE_LIMITER } from '../tokens.js';
import { REDIS } from './redis-module.js';

const COUNTERS: ServiceIdentifier<Counters> = Symbol('Counters');

const PREFIX = 'fw:1:';

/** Requests are counted on Redis where there is one, whatever keeps the conversations, and turns at the same time with them. */
export function limitModule({ redis, instances }: Pick<Config, 'redis' | 'instances'>): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(COUNTERS)
      .toDynamicValue((context) =>
        redis === null ? new MemoryCounters(context.get(CLOCK)) : redisCounters(context),
      )
      .inSingletonScope();
    bind(RATE_LIMITER)
      .toDynamicValue(
        (context) =>
          new FlexibleRateLimiter({
            counters: context.get(COUNTERS),
            instances,
            clock: context.get(CLOCK),
          }),
      )
      .inSingletonScope();
    bind(FAILURE_LIMITER)
      .toDynamicValue(
        (context) =>
          new FlexibleFailureLimiter({
            counters: context.get(COUNTERS),
            instances,
            clock: context.get(CLOCK),
          }),
      )
      .inSingletonScope();
    bind(KNOWN_ADDRESSES)
      .toDynamicValue((context) => new FlexibleKnownAddresses(context.get(COUNTERS)))
      .inSingletonScope();
  });
}

function redisCounters(context: ResolutionContext): Counters {
  const connection = context.get(REDIS);
  const shared = new RedisCounters({
    client: connection.client,
    counts: new BatchedCounters(connection),
    attempt: (operation) => connection.attempt(operation),
    prefix: PREFIX,
  });
  return new InsuredCounters(shared, new MemoryCounters(context.get(CLOCK)));
}
