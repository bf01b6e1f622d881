import { GatheredSteps } from './gathered-steps.js';
import type { RedisConnection } from './redis-connection.js';

/**
 * `add` counts, within a window that begins with the first and that nothing but more points begins; the others are for
 * slots, a sorted set by the ends of leases.
 */
const STEP = `
local kind, number, ms, id = unpack(args)
if kind == 'add' then
  if tonumber(number) <= 0 then
    local after = (tonumber(redis.call('GET', key)) or 0) + number
    if after <= 0 then
      if tonumber(number) < 0 then redis.call('DEL', key) end
      return { 0, 0 }
    end
  end
  local count = redis.call('INCRBY', key, number)
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ms)
    left = tonumber(ms)
  end
  return { count, left }
end
if kind == 'release' then return redis.call('ZREM', key, id) end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
local held = redis.call('ZCARD', key)
if held >= tonumber(number) then return -1 end
redis.call('ZADD', key, now + ms, id)
redis.call('PEXPIRE', key, ms)
return held + 1`;

/** What limits ask of Redis for nearly every request, gathered. All throw AppError `cache_unavailable`. */
export class LimitSteps {
  readonly #steps: GatheredSteps;

  constructor(connection: RedisConnection) {
    this.#steps = new GatheredSteps(connection, STEP, 4);
  }

  /** @returns the count afterwards, and the milliseconds until its window ends. */
  async add(key: string, points: number, windowSeconds: number): Promise<[count: number, leftMs: number]> {
    const result = await this.#steps.run(key, ['add', points, windowSeconds * 1000, '']);
    if (!Array.isArray(result)) throw new Error('the step did not answer with a pair');
    return [Number(result[0]), Number(result[1])];
  }

  /** @returns how many are held with this one, or -1. */
  async acquire(key: string, limit: number, leaseMs: number, id: string): Promise<number> {
    return Number(await this.#steps.run(key, ['acquire', limit, leaseMs, id]));
  }

  async release(key: string, id: string): Promise<void> {
    await this.#steps.run(key, ['release', 0, 0, id]);
  }
}
