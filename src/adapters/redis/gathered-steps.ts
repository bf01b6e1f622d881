import { Cluster } from 'ioredis';

import { BRIEF_TIMEOUT_MS, type RedisConnection } from './redis-connection.js';
import { redisUnavailable } from './redis-failure.js';

import { RedisScript } from './redis-script.js';

interface Asked {
  readonly key: string;
  readonly args: readonly (string | number)[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else meanwhile. */
const MAX_STEPS = 128;

/**
 * One step of Lua on one key, for many callers. What is asked for in one round of the event loop goes to Redis as one
 * command: on a busy process a command of its own costs several times as much as the step.
 */
export class GatheredSteps {
  readonly #connection: RedisConnection;
  readonly #arity: number;
  readonly #script: RedisScript;
  /** The keys of one command have to be in one slot. */
  readonly #most: number;
  #asked: Asked[] = [];

  /** @param step the body of a function of `key`, `args` and `now`, milliseconds on the clock of Redis. */
  constructor(connection: RedisConnection, step: string, arity: number) {
    this.#connection = connection;
    this.#arity = arity;
    this.#most = connection.client instanceof Cluster ? 1 : MAX_STEPS;
    this.#script = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function step(key, args)
${step}
end
local results = {}
for place, key in ipairs(KEYS) do
  local args = { unpack(ARGV, (place - 1) * ${arity} + 1, place * ${arity}) }
  local isDone, result = pcall(step, key, args)
  if not isDone and type(result) ~= 'table' then result = { err = result } end
  results[place] = result
end
return results`);
  }

  /** @throws AppError `cache_unavailable`; the step may have been done all the same. */
  run(key: string, args: readonly (string | number)[]): Promise<unknown> {
    if (args.length !== this.#arity) throw new Error(`the step takes ${this.#arity} arguments`);
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, args, resolve, reject });
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
      const results = await this.#connection.run(
        this.#script,
        keys,
        asked.flatMap(({ args }) => args),
        BRIEF_TIMEOUT_MS,
      );
      if (!Array.isArray(results)) throw new Error('the script did not answer with a list');
      for (const [place, { resolve, reject }] of asked.entries()) {
        const result: unknown = results[place];
        // One that fails, at a key that holds something else for instance, is its caller's alone.
        if (result instanceof Error) reject(redisUnavailable(result));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
