import { randomUUID } from 'node:crypto';
import type { TurnSlot, TurnSlots } from '#src/application/ports/turn-slots.js';
import type { LimitSteps } from './limit-steps.js';
import type { RedisConnection } from './redis-connection.js';
import { RedisScript } from './redis-script.js';

export interface RedisTurnSlotsOptions {
  readonly connection: RedisConnection;
  readonly steps: LimitSteps;
  /** Of every key. */
  readonly prefix: string;
  /** How many processes share a limit that each of them counts by itself. */
  readonly instances: number;
}

/** How long the slots of a process that has died are still taken. */
const LEASE_MS = 10_000;
/** Also brings the slots that were given out without Redis to it. */
const RENEW_MS = 1000;
const RETRY_AFTER_MS = 1000;

const RENEW = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`);

/** One sorted set for each client: the slots that are held, by the end of their leases on the clock of Redis. */
export class RedisTurnSlots implements TurnSlots {
  readonly #options: RedisTurnSlotsOptions;
  /** What this process holds, for the renewal, and to count by where Redis cannot. */
  readonly #held = new Map<string, Set<string>>();
  readonly #process = randomUUID();
  readonly #renewal: NodeJS.Timeout;
  #count = 0;

  constructor(options: RedisTurnSlotsOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => this.#renew(), RENEW_MS).unref();
  }

  async acquire(clientId: string, limit: number): Promise<TurnSlot> {
    this.#count += 1;
    const id = `${this.#process}:${this.#count}`;
    const taken = await this.#take(clientId, limit, id);
    const allowed = taken.held > 0;
    return {
      decision: {
        scope: 'turns',
        allowed,
        limit: taken.limit,
        remaining: allowed ? taken.limit - taken.held : 0,
        retryAfterMs: allowed ? 0 : RETRY_AFTER_MS,
      },
      release: () => this.#release(clientId, id),
    };
  }

  close(): void {
    clearInterval(this.#renewal);
  }

  async #take(clientId: string, limit: number, id: string): Promise<{ held: number; limit: number }> {
    const { steps, instances } = this.#options;
    try {
      const held = await steps.acquire(this.#key(clientId), limit, LEASE_MS, id);
      if (held > 0) this.#keep(clientId, id);
      return { held, limit };
    } catch {
      const share = Math.max(1, Math.floor(limit / instances));
      if ((this.#held.get(clientId)?.size ?? 0) >= share) return { held: -1, limit: share };
      return { held: this.#keep(clientId, id), limit: share };
    }
  }

  #keep(clientId: string, id: string): number {
    const held = this.#held.get(clientId) ?? new Set();
    this.#held.set(clientId, held.add(id));
    return held.size;
  }

  #release(clientId: string, id: string): void {
    const held = this.#held.get(clientId);
    if (held?.delete(id) !== true) return;
    if (held.size === 0) this.#held.delete(clientId);
    // What is not told to Redis ends with its lease.
    this.#options.steps.release(this.#key(clientId), id).catch(() => undefined);
  }

  #renew(): void {
    for (const [clientId, held] of this.#held) {
      this.#options.connection.run(RENEW, [this.#key(clientId)], [LEASE_MS, ...held]).catch(() => undefined);
    }
  }

  #key(clientId: string): string {
    return `${this.#options.prefix}turns:{${clientId}}`;
  }
}
