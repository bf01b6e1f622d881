import { ContainerModule, type ResolutionContext, type ServiceIdentifier } from 'inversify';
import { sha256Digest } from '#src/adapters/crypto/sha256-digest.js';
import { MemoryCounters } from '#src/adapters/memory/counters/memory-counters.js';
import { RedisCounters } from '#src/adapters/redis/counters/redis-counters.js';
import { FailureLimiter } from '#src/application/limits/failure-limiter.js';
import { InsuredCounters } from '#src/application/limits/insured-counters.js';
import { KnownAddresses } from '#src/application/limits/known-addresses.js';
import { RateLimiter } from '#src/application/limits/rate-limiter.js';
import type { Counters } from '#src/application/ports/limits/counters.js';
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
          new RateLimiter({
            counters: context.get(COUNTERS),
            instances,
            clock: context.get(CLOCK),
          }),
      )
      .inSingletonScope();
    bind(FAILURE_LIMITER)
      .toDynamicValue(
        (context) =>
          new FailureLimiter({
            counters: context.get(COUNTERS),
            instances,
            clock: context.get(CLOCK),
            digest: sha256Digest,
          }),
      )
      .inSingletonScope();
    bind(KNOWN_ADDRESSES)
      .toDynamicValue(
        (context) => new KnownAddresses({ counters: context.get(COUNTERS), digest: sha256Digest }),
      )
      .inSingletonScope();
  });
}

function redisCounters(context: ResolutionContext): Counters {
  const shared = new RedisCounters(context.get(REDIS), PREFIX);
  return new InsuredCounters(shared, new MemoryCounters(context.get(CLOCK)));
}
