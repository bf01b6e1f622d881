import { Cluster } from 'ioredis';
import { BRIEF_TIMEOUT_MS, type RedisConnection } from './redis-connection.js';
import { redisUnavailable } from './redis-failure.js';
import { RedisScript } from './redis-script.js';

/** The count afterwards, and the milliseconds until its window ends. */
export type WindowCount = [count: number, leftMs: number];

interface Asked {
  readonly key: string;
  readonly points: number;
  readonly windowMs: number;
  readonly resolve: (counted: WindowCount) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else meanwhile. */
const MOST_AT_ONCE = 128;

/** For each key its points and the length of its window. A window begins with the first points, and never with fewer than one. */
const ADD = new RedisScript(`
local function add(key, points, ms)
  if points <= 0 then
    local after = (tonumber(redis.call('GET', key)) or 0) + points
    if after <= 0 then
      if points < 0 then redis.call('DEL', key) end
      return { 0, 0 }
    end
  end
  local count = redis.call('INCRBY', key, points)
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ms)
    left = ms
  end
  return { count, left }
end
local counts = {}
for place, key in ipairs(KEYS) do
  local isDone, count = pcall(add, key, tonumber(ARGV[2 * place - 1]), tonumber(ARGV[2 * place]))
  if not isDone and type(count) ~= 'table' then count = { err = count } end
  counts[place] = count
end
return counts`);

/**
 * Counts for many callers. What is asked for in one round of the event loop goes to Redis as one command: on a busy
 * process a command of its own costs several times as much as what it counts.
 */
export class GatheredCounts {
  readonly #connection: RedisConnection;
  /** The keys of one command have to be in one cluster slot. */
  readonly #most: number;
  #asked: Asked[] = [];

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#most = connection.client instanceof Cluster ? 1 : MOST_AT_ONCE;
  }

  /**
   * Adds within a window that begins with the first points. A count that returns to 0 ends, and none begins there.
   * @throws AppError `cache_unavailable`; it may have been counted all the same.
   */
  add(key: string, points: number, windowSeconds: number): Promise<WindowCount> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, points, windowMs: windowSeconds * 1000, resolve, reject });
      if (this.#asked.length === 1) setImmediate(() => this.#sendAll());
    });
  }

  #sendAll(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let first = 0; first < asked.length; first += this.#most) {
      void this.#send(asked.slice(first, first + this.#most));
    }
  }

  async #send(asked: readonly Asked[]): Promise<void> {
    try {
      const keys = asked.map(({ key }) => key);
      const args = asked.flatMap(({ points, windowMs }) => [points, windowMs]);
      const counts = await this.#connection.run(ADD, keys, args, BRIEF_TIMEOUT_MS);
      if (!Array.isArray(counts)) throw new Error('the script did not answer with a list');
      for (const [place, { resolve, reject }] of asked.entries()) {
        const counted: unknown = counts[place];
        if (Array.isArray(counted)) resolve([Number(counted[0]), Number(counted[1])]);
        // One that fails, at a key that holds something else for instance, is its caller's alone.
        else reject(redisUnavailable(counted));
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
