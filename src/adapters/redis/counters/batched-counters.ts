import { Cluster } from 'ioredis';
import { readLua } from '../connection/read-lua.js';
import { BRIEF_TIMEOUT_MS, type RedisConnection } from '../connection/redis-connection.js';
import { redisUnavailable } from '../connection/redis-failure.js';
import { RedisScript } from '../connection/redis-script.js';

/** The count afterwards, and the milliseconds until its window ends. */
export type WindowCount = [count: number, leftMs: number];

interface Addition {
  readonly key: string;
  readonly points: number;
  readonly windowSeconds: number;
  /** A count above it skips the addition behind this one; empty: none does. */
  readonly max: number | '';
}

interface Asked {
  readonly additions: readonly Addition[];
  readonly resolve: (counts: readonly (WindowCount | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else meanwhile. */
const MAX_AT_ONCE = 128;

const ADD = new RedisScript(readLua(import.meta.dirname, './lua/add.lua'));

/**
 * Counts for many callers. What is asked for in one round of the event loop goes to Redis as one command: on a busy
 * process a command of its own costs several times as much as what it counts.
 */
export class BatchedCounters {
  readonly #connection: RedisConnection;
  /** The keys of one command have to be in one slot. */
  readonly #isCluster: boolean;
  #asked: Asked[] = [];

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#isCluster = connection.client instanceof Cluster;
  }

  /**
   * Adds within a window that begins with the first points. A count that returns to 0 ends, and none begins there.
   * @throws AppError `cache_unavailable`, as the other one does; it may have been counted all the same.
   */
  async add(key: string, points: number, windowSeconds: number): Promise<WindowCount> {
    const [counted] = await this.#ask([{ key, points, windowSeconds, max: '' }]);
    return assertCounted(counted);
  }

  /** Adds one, and one to the second unless the first counts more than `max` then: so null. On a cluster that is two commands. */
  async addBoth(
    first: { readonly key: string; readonly windowSeconds: number; readonly max: number },
    second: { readonly key: string; readonly windowSeconds: number },
  ): Promise<[WindowCount, WindowCount | null]> {
    if (this.#isCluster) {
      const counted = await this.add(first.key, 1, first.windowSeconds);
      return [counted, counted[0] > first.max ? null : await this.add(second.key, 1, second.windowSeconds)];
    }
    const [counted, other] = await this.#ask([
      { ...first, points: 1 },
      { ...second, points: 1, max: '' },
    ]);
    return [assertCounted(counted), other ?? null];
  }

  #ask(additions: readonly Addition[]): Promise<readonly (WindowCount | null)[]> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ additions, resolve, reject });
      if (this.#asked.length === 1) setImmediate(() => this.#sendAll());
    });
  }

  #sendAll(): void {
    const asked = this.#asked;
    this.#asked = [];
    const max = this.#isCluster ? 1 : MAX_AT_ONCE;
    for (let first = 0; first < asked.length; first += max) void this.#send(asked.slice(first, first + max));
  }

  async #send(asked: readonly Asked[]): Promise<void> {
    try {
      const additions = asked.flatMap((one) => one.additions);
      const keys = additions.map(({ key }) => key);
      const args = additions.flatMap(({ points, windowSeconds, max }) => [points, windowSeconds * 1000, max]);
      const counts = await this.#connection.run(ADD, keys, args, BRIEF_TIMEOUT_MS);
      if (!Array.isArray(counts)) throw new Error('the script did not answer with a list');
      let place = 0;
      for (const one of asked) {
        settle(one, counts.slice(place, place + one.additions.length));
        place += one.additions.length;
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

/** What fails, at a key that holds something else for instance, is its caller's alone. */
function settle({ resolve, reject }: Asked, counts: readonly unknown[]): void {
  const failure = counts.find((counted) => counted instanceof Error);
  if (failure === undefined) resolve(counts.map(readCount));
  else reject(redisUnavailable(failure));
}

function readCount(counted: unknown): WindowCount | null {
  return Array.isArray(counted) ? [Number(counted[0]), Number(counted[1])] : null;
}

function assertCounted(counted: WindowCount | null | undefined): WindowCount {
  if (counted === null || counted === undefined) throw redisUnavailable(new Error('nothing was counted'));
  return counted;
}
