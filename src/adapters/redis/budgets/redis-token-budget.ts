import type {
  BudgetDenial,
  BudgetRequest,
  BudgetState,
  Reservation,
  TokenBudget,
} from '#src/application/ports/limits/token-budget.js';
import type { UtcDay } from '#src/domain/usage/utc-day.js';
import { DeadlineRunner } from '../connection/deadline-runner.js';
import type { RedisConnection } from '../connection/redis-connection.js';
import { redisUnavailable } from '../connection/redis-failure.js';
import { FIND, RESERVE, SETTLE } from './budget-scripts.js';

export interface RedisTokenBudgetOptions {
  readonly connection: RedisConnection;
  readonly newId: () => string;
  /** Longer than any turn: what is not settled by then belongs to a process that has died, or cannot reach Redis. */
  readonly leaseMs: number;
  /** Turns whose cost waits for Redis; 10,000 when absent. The first ones give way, and are missing from the counter. */
  readonly maxUnsettled?: number;
}

/** The day, the lease of its last turn, and some time to spare. */
const COUNTER_LIFE_MS = 26 * 3_600_000;
const RETRY_PAUSE_MS = 1000;
const MAX_UNSETTLED = 10_000;

/** Of all processes on one Redis. One round trip for each reservation and one for its settlement. */
export class RedisTokenBudget implements TokenBudget {
  readonly #options: RedisTokenBudgetOptions;
  readonly #timely: DeadlineRunner;
  /** Of turns that run here, by the counters' keys. */
  readonly #running = new Map<string, Set<Hold>>();
  /** By the reservations' ids, the first one first. */
  readonly #unsettled = new Map<string, Unsettled>();
  #retry: NodeJS.Timeout | null = null;

  constructor(options: RedisTokenBudgetOptions) {
    this.#options = options;
    this.#timely = new DeadlineRunner(options.connection);
  }

  async reserve(clientId: string, request: BudgetRequest): Promise<Reservation | BudgetDenial> {
    const { newId } = this.#options;
    const { day, tokens, recordedUse } = request;
    const hold = { key: keyOf(clientId, day), id: newId(), tokens };
    const first = await this.#ask(hold, request.limit, '');
    const answer =
      first.kind === 'unknown' ? await this.#ask(hold, request.limit, await recordedUse()) : first;
    if (answer.kind === 'refused') return answer;
    if (answer.kind === 'unknown') throw redisUnavailable(new Error('the budget script did not begin'));
    this.#begin(hold);
    return { kind: 'reserved', settle: (spent) => this.#settle(hold, spent) };
  }

  async find(clientId: string, day: UtcDay): Promise<BudgetState | null> {
    const found = await this.#options.connection.run(FIND, [keyOf(clientId, day)], []);
    const [spent, held] = Array.isArray(found) ? found : [];
    return typeof spent === 'number' && typeof held === 'number' ? { spent, held } : null;
  }

  /** What waits to be tried again is given up. */
  close(): void {
    this.#unsettled.clear();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  async #ask(hold: Hold, limit: number, spent: number | ''): Promise<Answer> {
    const { connection, leaseMs } = this.#options;
    const { key, id, tokens } = hold;
    const others = spent === '' ? [] : [...(this.#running.get(key) ?? [])];
    const held = others.flatMap((other) => [other.id, other.tokens]);
    const isSent = connection.isAvailable;
    try {
      return readAnswer(
        await this.#timely.run(RESERVE, [key], [id, tokens, limit, leaseMs, COUNTER_LIFE_MS, spent, ...held]),
      );
    } catch (error) {
      // It may have been done all the same, and nobody knows of it.
      if (isSent) this.#settleLater(hold, 0);
      throw error;
    }
  }

  #begin(hold: Hold): void {
    const running = this.#running.get(hold.key) ?? new Set();
    this.#running.set(hold.key, running.add(hold));
  }

  #end(hold: Hold): void {
    const running = this.#running.get(hold.key);
    running?.delete(hold);
    if (running?.size === 0) this.#running.delete(hold.key);
  }

  async #settle(hold: Hold, spent: number): Promise<void> {
    this.#end(hold);
    try {
      await this.#send({ hold, spent }, '');
    } catch {
      this.#settleLater(hold, spent);
    }
  }

  async #send({ hold, spent }: Unsettled, triedBefore: '' | '1'): Promise<void> {
    await this.#options.connection.run(SETTLE, [hold.key], [hold.id, hold.tokens, spent, triedBefore]);
  }

  #settleLater(hold: Hold, spent: number): void {
    const { maxUnsettled = MAX_UNSETTLED } = this.#options;
    this.#unsettled.set(hold.id, { hold, spent });
    const [first] = this.#unsettled.keys();
    if (first !== undefined && this.#unsettled.size > maxUnsettled) this.#unsettled.delete(first);
    this.#retry ??= setTimeout(() => void this.#settleUnsettled(), RETRY_PAUSE_MS);
  }

  /** One after the other; what still cannot be written stays where it is. */
  async #settleUnsettled(): Promise<void> {
    for (const [id, unsettled] of this.#unsettled) {
      await this.#send(unsettled, '1').then(
        () => this.#unsettled.delete(id),
        () => undefined,
      );
    }
    const isDone = this.#unsettled.size === 0;
    this.#retry = isDone ? null : setTimeout(() => void this.#settleUnsettled(), RETRY_PAUSE_MS);
  }
}

/** A reservation, as this side knows it. */
interface Hold {
  readonly key: string;
  readonly id: string;
  readonly tokens: number;
}

interface Unsettled {
  readonly hold: Hold;
  readonly spent: number;
}

type Answer = BudgetDenial | { readonly kind: 'reserved' | 'unknown' };

function readAnswer(answer: unknown): Answer {
  const [kind, remaining] = Array.isArray(answer) ? answer : [];
  if (kind === 'refused' && typeof remaining === 'number') return { kind, remaining };
  if (kind === 'reserved' || kind === 'unknown') return { kind };
  throw redisUnavailable(new Error('the budget script answered something else'));
}

function keyOf(clientId: string, day: UtcDay): string {
  return `fw:1:{${encodeURIComponent(clientId)}}:budget:${day}`;
}
