import { type Clock, isoTime } from '#src/application/ports/clock.js';
import type { TokenBudget } from '#src/application/ports/token-budget.js';
import type { UsageRepository } from '#src/application/ports/usage-repository.js';
import {
  addCounts,
  MOST_SHOWN_CHARACTERS,
  type ShownUsage,
  type TurnCounts,
  USAGE_DAYS,
} from '#src/domain/usage.js';
import { endOfUtcDay, type UtcDay, utcDayOf, utcDaysUntil } from '#src/domain/utc-day.js';
import type { UsageRecords } from './usage-records.js';

interface Dependencies {
  readonly usage: UsageRecords;
  readonly usageRepository: UsageRepository;
  readonly budget: TokenBudget;
  readonly clock: Clock;
  /** Of every client that has none of its own; 0: none. */
  readonly budgetTokensPerDay: number;
}

export interface GetUsageInput {
  readonly clientId: string;
  /** The client's own in place of the service's; null: the service's; 0: none. */
  readonly budgetTokensPerDay: number | null;
}

export interface TurnTotals extends TurnCounts {
  readonly totalTokens: number;
}

export interface UsageDay extends TurnTotals {
  readonly day: UtcDay;
  /** The {@link MOST_SHOWN_CHARACTERS} with the most tokens, by id, and the rest of the day as one, without an id. */
  readonly characters: (TurnTotals & { readonly characterId: string | null })[];
}

export interface BudgetLeft {
  readonly tokensPerDay: number;
  readonly spentTokens: number;
  /** Held for turns that run. */
  readonly heldTokens: number;
  /** Neither spent nor held; at least 0. */
  readonly leftTokens: number;
  /** ISO 8601, UTC. */
  readonly resetsAt: string;
}

export interface Usage {
  /** Today's; null: there is none. */
  readonly budget: BudgetLeft | null;
  /** Each of the last 30, newest first. */
  readonly days: UsageDay[];
}

const NOTHING: TurnCounts = { turns: 0, inputTokens: 0, outputTokens: 0 };

/** What a client's turns cost, the last one included, and what is left of its budget. */
export class GetUsage {
  constructor(private readonly deps: Dependencies) {}

  async execute({ clientId, budgetTokensPerDay }: GetUsageInput): Promise<Usage> {
    const { usage, usageRepository, clock } = this.deps;
    const today = utcDayOf(clock.now());
    const days = utcDaysUntil(today, USAGE_DAYS);
    await usage.flush();
    const rows = await usageRepository.list(clientId, days.at(-1) ?? today, MOST_SHOWN_CHARACTERS);
    const shown = days.map((day) =>
      toUsageDay(
        day,
        rows.filter((row) => row.day === day),
      ),
    );
    const limit = budgetTokensPerDay ?? this.deps.budgetTokensPerDay;
    const recorded = shown[0]?.totalTokens ?? 0;
    return { budget: limit === 0 ? null : await this.left(clientId, today, limit, recorded), days: shown };
  }

  private async left(clientId: string, day: UtcDay, limit: number, recorded: number): Promise<BudgetLeft> {
    const { spent, held } = (await this.deps.budget.find(clientId, day)) ?? { spent: recorded, held: 0 };
    return {
      tokensPerDay: limit,
      spentTokens: spent,
      heldTokens: held,
      leftTokens: Math.max(0, limit - spent - held),
      resetsAt: isoTime(endOfUtcDay(day)),
    };
  }
}

function toUsageDay(day: UtcDay, rows: readonly ShownUsage[]): UsageDay {
  const characters = rows.map(({ characterId, ...row }) => ({ characterId, ...totals([row]) }));
  return { day, ...totals(rows), characters };
}

function totals(rows: readonly TurnCounts[]): TurnTotals {
  const { turns, inputTokens, outputTokens } = rows.reduce<TurnCounts>(addCounts, NOTHING);
  return { turns, inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}
