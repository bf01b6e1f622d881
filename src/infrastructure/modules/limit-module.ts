import { ContainerModule, type ResolutionContext, type ServiceIdentifier } from 'inversify';
import { MemoryTurnSlots } from '#src/adapters/memory/memory-turn-slots.js';
import type { Counters } from '#src/adapters/rate-limiter-flexible/counters.js';
import { FlexibleFailureLimiter } from '#src/adapters/rate-limiter-flexible/flexible-failure-limiter.js';
import { FlexibleKnownAddresses } from '#src/adapters/rate-limiter-flexible/flexible-known-addresses.js';
import { FlexibleRateLimiter } from '#src/adapters/rate-limiter-flexible/flexible-rate-limiter.js';
import { InsuredCounters } from '#src/adapters/rate-limiter-flexible/insured-counters.js';
import { MemoryCounters } from '#src/adapters/rate-limiter-flexible/memory-counters.js';
import { RedisCounters } from '#src/adapters/rate-limiter-flexible/redis-counters.js';
import { LimitSteps } from '#src/adapters/redis/limit-steps.js';
import { RedisTurnSlots } from '#src/adapters/redis/redis-turn-slots.js';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, FAILURE_LIMITER, KNOWN_ADDRESSES, RATE_LIMITER, TURN_SLOTS } from '../tokens.js';
import { REDIS } from './redis-module.js';

const COUNTERS: ServiceIdentifier<Counters> = Symbol('Counters');
const STEPS: ServiceIdentifier<LimitSteps> = Symbol('LimitSteps');

const PREFIX = 'fw:1:';

/** Limits count on Redis where there is one, whatever keeps the conversations. */
export function limitModule(
  { redis, instances }: Pick<Config, 'redis' | 'instances'>,
  lifecycle: Lifecycle,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(STEPS)
      .toDynamicValue((context) => new LimitSteps(context.get(REDIS)))
      .inSingletonScope();
    bind(COUNTERS)
      .toDynamicValue((context) => (redis === null ? new MemoryCounters() : redisCounters(context)))
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
    bind(TURN_SLOTS)
      .toDynamicValue((context) => {
        if (redis === null) return new MemoryTurnSlots(instances);
        const slots = new RedisTurnSlots({
          connection: context.get(REDIS),
          steps: context.get(STEPS),
          prefix: PREFIX,
          instances,
        });
        lifecycle.own('turn slots', () => slots.close());
        return slots;
      })
      .inSingletonScope();
  });
}

function redisCounters(context: ResolutionContext): Counters {
  const connection = context.get(REDIS);
  const steps = context.get(STEPS);
  const shared = new RedisCounters({
    client: connection.client,
    add: (key, points, windowSeconds) => steps.add(key, points, windowSeconds),
    attempt: (operation) => connection.attempt(operation),
    prefix: PREFIX,
  });
  return new InsuredCounters(shared, new MemoryCounters());
}
