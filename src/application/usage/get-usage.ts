import {
  MAX_SHOWN_CHARACTERS,
  type ShownUsage,
  type TurnCounts,
  USAGE_DAYS,
} from '#src/domain/usage/usage.js';
import { endOfUtcDay, type UtcDay, utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';
import type { UsageRecords } from '../background/usage-records.js';
import type { TokenBudget } from '../ports/limits/token-budget.js';
import type { UsageRepository } from '../ports/storage/usage-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';

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
  /** The {@link MAX_SHOWN_CHARACTERS} with the most tokens, by id, and the rest of the day as one, without an id. */
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

/** What a client's turns cost, the last one included, and what is left of its budget. */
export class GetUsage {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  async execute({ clientId, budgetTokensPerDay }: GetUsageInput): Promise<Usage> {
    const { usage, usageRepository, clock } = this.#deps;
    const today = utcDayOf(clock.now());
    const days = utcDaysUntil(today, USAGE_DAYS);
    await usage.flush();
    const rows = await usageRepository.list(clientId, days.at(-1) ?? today, MAX_SHOWN_CHARACTERS);
    const rowsOf = byDay(rows);
    const shown = days.map((day) => toUsageDay(day, rowsOf.get(day) ?? []));
    const limit = budgetTokensPerDay ?? this.#deps.budgetTokensPerDay;
    const recorded = shown[0]?.totalTokens ?? 0;
    return { budget: limit === 0 ? null : await this.#left(clientId, today, limit, recorded), days: shown };
  }

  async #left(clientId: string, day: UtcDay, limit: number, recorded: number): Promise<BudgetLeft> {
    const { spent, held } = (await this.#deps.budget.find(clientId, day)) ?? { spent: recorded, held: 0 };
    return {
      tokensPerDay: limit,
      spentTokens: spent,
      heldTokens: held,
      leftTokens: Math.max(0, limit - spent - held),
      resetsAt: isoTime(endOfUtcDay(day)),
    };
  }
}

function byDay(rows: readonly ShownUsage[]): Map<UtcDay, ShownUsage[]> {
  const days = new Map<UtcDay, ShownUsage[]>();
  for (const row of rows) {
    const day = days.get(row.day);
    if (day === undefined) days.set(row.day, [row]);
    else day.push(row);
  }
  return days;
}

function toUsageDay(day: UtcDay, rows: readonly ShownUsage[]): UsageDay {
  const characters = rows.map(({ characterId, turns, inputTokens, outputTokens }) => ({
    characterId,
    turns,
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
  }));
  const sum = (count: keyof TurnTotals) => characters.reduce((total, row) => total + row[count], 0);
  return {
    day,
    turns: sum('turns'),
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    totalTokens: sum('totalTokens'),
    characters,
  };
}
