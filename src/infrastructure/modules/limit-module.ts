import { ContainerModule } from 'inversify';
import { MemoryTurnSlots } from '#src/adapters/memory/memory-turn-slots.js';
import { FlexibleFailureLimiter } from '#src/adapters/rate-limiter-flexible/flexible-failure-limiter.js';
import { FlexibleKnownAddresses } from '#src/adapters/rate-limiter-flexible/flexible-known-addresses.js';
import { FlexibleRateLimiter } from '#src/adapters/rate-limiter-flexible/flexible-rate-limiter.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import type { Config } from '../config/config.js';
import { CLOCK, FAILURE_LIMITER, KNOWN_ADDRESSES, RATE_LIMITER, TURN_SLOTS } from '../tokens.js';

export function limitModule({ instances }: Pick<Config, 'instances'>): ContainerModule {
  const counters = new MemoryCounters();
  return new ContainerModule(({ bind }) => {
    bind(RATE_LIMITER)
      .toDynamicValue(
        (context) => new FlexibleRateLimiter({ counters, instances, clock: context.get(CLOCK) }),
      )
      .inSingletonScope();
    bind(FAILURE_LIMITER).toConstantValue(new FlexibleFailureLimiter({ counters, instances }));
    bind(KNOWN_ADDRESSES).toConstantValue(new FlexibleKnownAddresses(counters));
    bind(TURN_SLOTS).toConstantValue(new MemoryTurnSlots(instances));
  });
}
