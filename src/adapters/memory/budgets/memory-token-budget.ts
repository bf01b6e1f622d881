import type {
  BudgetDenial,
  BudgetRequest,
  BudgetState,
  Reservation,
  TokenBudget,
} from '#src/application/ports/limits/token-budget.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';

interface Counter {
  readonly day: UtcDay;
  spent: number;
  held: number;
}

export interface MemoryTokenBudgetOptions {
  /** 100,000 when absent. One that is held for a running turn is kept beyond it. */
  readonly maxCounters?: number;
}

/** A new counter makes room for itself, and for one more while old ones are there. */
const LOOKED_AT_FOR_ROOM = 2;

/**
 * Of one process. Nothing outlives it, so that no reservation needs an end of its own. The counters that were begun first
 * give way when there are too many, or another day has come; one that is asked for again begins with what was recorded.
 */
export class MemoryTokenBudget implements TokenBudget {
  readonly #counters = new Map<string, Counter>();
  readonly #beginning = new Map<string, Promise<void>>();
  readonly #maxCounters: number;

  constructor({ maxCounters = 100_000 }: MemoryTokenBudgetOptions = {}) {
    this.#maxCounters = maxCounters;
  }

  async reserve(
    clientId: string,
    { day, tokens, limit, recordedUse }: BudgetRequest,
  ): Promise<Reservation | BudgetDenial> {
    const key = keyOf(clientId, day);
    let counter = this.#counters.get(key);
    while (counter === undefined) {
      await this.#begin(key, day, recordedUse);
      counter = this.#counters.get(key);
    }
    const remaining = Math.max(0, limit - counter.spent - counter.held);
    if (tokens > remaining) return { kind: 'refused', remaining };
    counter.held += tokens;
    return { kind: 'reserved', settle: settlementOf(counter, tokens) };
  }

  async find(clientId: string, day: UtcDay): Promise<BudgetState | null> {
    const counter = this.#counters.get(keyOf(clientId, day));
    return counter === undefined ? null : { spent: counter.spent, held: counter.held };
  }

  /** One question to the records, however many wait for it. */
  #begin(key: string, day: UtcDay, recordedUse: () => Promise<number>): Promise<void> {
    const begun = this.#beginning.get(key);
    if (begun !== undefined) return begun;
    const beginning = recordedUse()
      .then((spent) => {
        this.#makeRoom(day);
        this.#counters.set(key, { day, spent, held: 0 });
      })
      .finally(() => this.#beginning.delete(key));
    this.#beginning.set(key, beginning);
    return beginning;
  }

  #makeRoom(today: UtcDay): void {
    let looked = 0;
    for (const [key, { day, held }] of this.#counters) {
      if (looked >= LOOKED_AT_FOR_ROOM || (day >= today && this.#counters.size < this.#maxCounters)) return;
      if (held === 0) this.#counters.delete(key);
      looked += 1;
    }
  }
}

function settlementOf(counter: Counter, tokens: number): (spent: number) => Promise<void> {
  return async (spent) => {
    counter.held -= tokens;
    counter.spent += spent;
  };
}

function keyOf(clientId: string, day: UtcDay): string {
  return `${clientId} ${day}`;
}
