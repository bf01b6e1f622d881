import type { ClientPrincipal } from '#src/domain/access/principal.js';
import { AppError } from '#src/domain/errors.js';
import { estimateMaxTokens } from '#src/domain/models/token-estimate.js';
import { endOfUtcDay, type UtcDay, utcDayOf } from '#src/domain/usage/utc-day.js';
import type { UsageRecords } from '../background/usage-records.js';
import type { Prompt } from '../ports/chat/llm-gateway.js';
import type { Reservation, TokenBudget } from '../ports/limits/token-budget.js';
import type { UsageRepository } from '../ports/storage/usage-repository.js';
import { type Clock, isoTime } from '../ports/system/clock.js';
import { TurnMeter } from './turn-meter.js';

interface Dependencies {
  readonly budget: TokenBudget;
  readonly usage: UsageRecords;
  readonly usageRepository: UsageRepository;
  readonly clock: Clock;
  /** Of every client that has none of its own; 0: none. */
  readonly budgetTokensPerDay: number;
}

export interface MeteredTurn {
  /** With their own budget in place of the service's; null: the service's; 0: none. */
  readonly caller: Pick<ClientPrincipal, 'clientId' | 'budgetTokensPerDay'>;
  readonly characterId: string;
}

interface MeteredSteps<Answer, Kept> {
  /** Asks models, and counts what they cost. */
  readonly ask: (meter: TurnMeter) => Promise<Answer>;
  /** Stores the turn; no model is asked any more. */
  readonly keep: (answer: Answer) => Promise<Kept>;
}

/** Holds a part of the budget for a turn before a model is called. Without a budget it asks nobody. */
export class TurnMeters {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /**
   * Holds what a turn may cost, asks for its answer, and settles beside what keeps it: the cost is opened and settled
   * here, whatever comes of the turn.
   * @throws AppError `budget_exceeded`; `cache_unavailable` or `database_unavailable` when the budget cannot be asked;
   * whatever `ask` and `keep` throw.
   */
  async run<Answer, Kept>(
    turn: MeteredTurn,
    prompt: Prompt,
    steps: MeteredSteps<Answer, Kept>,
  ): Promise<Kept> {
    const meter = await this.#open(turn, prompt);
    try {
      const answer = await steps.ask(meter);
      // Both write to a store, and neither waits for the other.
      void meter.settle();
      const kept = await steps.keep(answer);
      meter.complete();
      return kept;
    } finally {
      await meter.settle();
    }
  }

  async #open({ caller, characterId }: MeteredTurn, prompt: Prompt): Promise<TurnMeter> {
    const { clientId, budgetTokensPerDay } = caller;
    const { clock, usage: records } = this.#deps;
    const now = clock.now();
    const day = utcDayOf(now);
    const limit = budgetTokensPerDay ?? this.#deps.budgetTokensPerDay;
    const { messages, sampling } = prompt;
    const turn = { clientId, characterId, day, messages, records };
    if (limit === 0) return new TurnMeter({ ...turn, reservation: null });
    const tokens = estimateMaxTokens(messages, sampling.maxOutputTokens);
    const reservation = await this.#reserve(clientId, day, limit, tokens);
    if (reservation === 'refused') throw budgetExceeded({ limit, tokens, now });
    return new TurnMeter({ ...turn, reservation });
  }

  async #reserve(
    clientId: string,
    day: UtcDay,
    limit: number,
    tokens: number,
  ): Promise<Reservation | 'refused'> {
    const { budget, usage, usageRepository } = this.#deps;
    const answer = await budget.reserve(clientId, {
      day,
      tokens,
      limit,
      recordedUse: async () => {
        await usage.flush();
        return usageRepository.tokensOn(clientId, day);
      },
    });
    return answer.kind === 'refused' ? 'refused' : answer;
  }
}

interface ExceededBudget {
  readonly limit: number;
  /** Of the turn, at its most. */
  readonly tokens: number;
  readonly now: number;
}

function budgetExceeded({ limit, tokens, now }: ExceededBudget): AppError {
  if (tokens > limit) {
    return new AppError('budget_exceeded', {
      detail: `This turn could cost ${tokens} tokens, more than the whole budget of ${limit} tokens per day: waiting does not help, a shorter message or a smaller maxOutputTokens may.`,
      retryAfterSeconds: null,
    });
  }
  const resetsAtMs = endOfUtcDay(utcDayOf(now));
  return new AppError('budget_exceeded', {
    detail: `This turn could cost more than is left of the budget of ${limit} tokens per day. It resets at ${isoTime(resetsAtMs)}.`,
    retryAfterSeconds: Math.max(1, Math.ceil((resetsAtMs - now) / 1000)),
  });
}
