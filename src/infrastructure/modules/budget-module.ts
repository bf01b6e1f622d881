import { ContainerModule } from 'inversify';
import { MemoryTokenBudget } from '#src/adapters/memory/budgets/memory-token-budget.js';
import { RedisTokenBudget } from '#src/adapters/redis/budgets/redis-token-budget.js';
import { UsageRecords } from '#src/application/background/usage-records.js';
import { TurnMeters } from '#src/application/chat/turn-meters.js';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle.js';
import { CLOCK, IDS, TOKEN_BUDGET, USAGE_REPOSITORY } from '../tokens.js';
import { REDIS } from './redis-module.js';

/** Longer than what a turn does besides asking models. */
const LEASE_MARGIN_MS = 60_000;

/** In Redis when there is one, else of this process alone. */
export function budgetModule(
  { budgetTokensPerDay, model, redis }: Pick<Config, 'budgetTokensPerDay' | 'model' | 'redis'>,
  lifecycle: Lifecycle,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKEN_BUDGET)
      .toDynamicValue((context) => {
        if (redis === null) return new MemoryTokenBudget();
        const [connection, ids] = [context.get(REDIS), context.get(IDS)];
        const leaseMs = model.deadlines.totalMs + LEASE_MARGIN_MS;
        const budget = new RedisTokenBudget({ connection, newId: () => ids.next(), leaseMs });
        lifecycle.own('token budget', () => budget.close());
        return budget;
      })
      .inSingletonScope();
    bind(UsageRecords)
      .toDynamicValue((context) => {
        const [clock, usageRepository] = [context.get(CLOCK), context.get(USAGE_REPOSITORY)];
        return new UsageRecords({ clock, usageRepository });
      })
      .inSingletonScope();
    bind(TurnMeters)
      .toDynamicValue(
        (context) =>
          new TurnMeters({
            budget: context.get(TOKEN_BUDGET),
            usage: context.get(UsageRecords),
            usageRepository: context.get(USAGE_REPOSITORY),
            clock: context.get(CLOCK),
            budgetTokensPerDay,
          }),
      )
      .inSingletonScope();
  });
}
