import { ContainerModule } from 'inversify';
import { MemoryTokenBudget } from '#src/adapters/memory/memory-token-budget.js';
import { TurnCosts } from '#src/application/chat/turn-costs.js';
import { UsageRecords } from '#src/application/usage/usage-records.js';
import type { Config } from '../config/config.js';
import { CLOCK, TOKEN_BUDGET, USAGE_REPOSITORY } from '../tokens.js';

export function budgetModule({ budgetTokensPerDay }: Pick<Config, 'budgetTokensPerDay'>): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKEN_BUDGET).toConstantValue(new MemoryTokenBudget());
    bind(UsageRecords)
      .toDynamicValue((context) => {
        const [clock, usageRepository] = [context.get(CLOCK), context.get(USAGE_REPOSITORY)];
        return new UsageRecords({ clock, usageRepository });
      })
      .inSingletonScope();
    bind(TurnCosts)
      .toDynamicValue(
        (context) =>
          new TurnCosts({
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
