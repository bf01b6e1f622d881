import type {
  BudgetRefusal,
  BudgetRequest,
  BudgetState,
  Reservation,
  TokenBudget,
} from '#src/application/ports/token-budget.js';
import type { UtcDay } from '#src/domain/utc-day.js';
import { FIND, RESERVE, SETTLE } from './budget-scripts.js';
import type { RedisConnection } from './redis-connection.js';
import { redisUnavailable } from './redis-failure.js';

export interface RedisTokenBudgetOptions {
  readonly connection: RedisConnection;
  readonly newId: () => string;
  /** Longer than any turn: what is not settled by then belongs to a process that has died. */
  readonly leaseMs: number;
}

/** The day, the lease of its last turn, and some time to spare. */
const COUNTER_LIFE_MS = 26 * 3_600_000;
const RETRY_PAUSE_MS = 1000;

/** Of all processes on one Redis. One round trip for each reservation and one for its settlement. */
export class RedisTokenBudget implements TokenBudget {
  readonly #options: RedisTokenBudgetOptions;
  readonly #retries = new Set<NodeJS.Timeout>();

  constructor(options: RedisTokenBudgetOptions) {
    this.#options = options;
  }

  async reserve(clientId: string, request: BudgetRequest): Promise<Reservation | BudgetRefusal> {
    const { newId, leaseMs } = this.#options;
    const { day, tokens, recordedUse } = request;
    const hold = { key: keyOf(clientId, day), id: newId(), tokens, givenUpAtMs: performance.now() + leaseMs };
    const first = await this.#ask(hold, request.limit, '');
    const answer =
      first.kind === 'unknown' ? await this.#ask(hold, request.limit, await recordedUse()) : first;
    if (answer.kind === 'refused') return answer;
    if (answer.kind === 'unknown') throw redisUnavailable(new Error('the budget script did not begin'));
    return { kind: 'reserved', settle: (spent) => this.#settle(hold, spent, 'first') };
  }

  async find(clientId: string, day: UtcDay): Promise<BudgetState | null> {
    const found = await this.#options.connection.run(FIND, [keyOf(clientId, day)], []);
    const [spent, held] = Array.isArray(found) ? found : [];
    return typeof spent === 'number' && typeof held === 'number' ? { spent, held } : null;
  }

  /** What waits to be tried again is given up. */
  close(): void {
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
  }

  async #ask(hold: Hold, limit: number, spent: number | ''): Promise<Answer> {
    const { connection, leaseMs } = this.#options;
    const { key, id, tokens } = hold;
    const isSent = connection.isAvailable;
    try {
      return readAnswer(
        await connection.run(RESERVE, [key], [id, tokens, limit, leaseMs, COUNTER_LIFE_MS, spent]),
      );
    } catch (error) {
      // It may have been done all the same, and nobody knows of it.
      if (isSent) this.#settleLater(hold, 0);
      throw error;
    }
  }

  async #settle(hold: Hold, spent: number, attempt: 'first' | 'later'): Promise<void> {
    const args = [hold.id, hold.tokens, spent, attempt === 'first' ? '' : '1'];
    try {
      await this.#options.connection.run(SETTLE, [hold.key], args);
    } catch {
      this.#settleLater(hold, spent);
    }
  }

  #settleLater(hold: Hold, spent: number): void {
    if (performance.now() + RETRY_PAUSE_MS > hold.givenUpAtMs) return;
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      void this.#settle(hold, spent, 'later');
    }, RETRY_PAUSE_MS);
    this.#retries.add(retry);
  }
}

/** A reservation, as this side knows it. */
interface Hold {
  readonly key: string;
  readonly id: string;
  readonly tokens: number;
  /** By `performance.now()`: the lease has ended, and the reservation with it. */
  readonly givenUpAtMs: number;
}

type Answer = BudgetRefusal | { readonly kind: 'reserved' | 'unknown' };

function readAnswer(answer: unknown): Answer {
  const [kind, remaining] = Array.isArray(answer) ? answer : [];
  if (kind === 'refused' && typeof remaining === 'number') return { kind, remaining };
  if (kind === 'reserved' || kind === 'unknown') return { kind };
  throw redisUnavailable(new Error('the budget script answered something else'));
}

function keyOf(clientId: string, day: UtcDay): string {
  return `fw:1:{${encodeURIComponent(clientId)}}:budget:${day}`;
}
