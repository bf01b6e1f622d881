import { Cluster, Command } from 'ioredis';
import { list, whole } from '../conversations/stored-exchange.js';
import { readLua } from './read-lua.js';
import { RedisClock } from './redis-clock.js';
import { OPERATION_TIMEOUT_MS, type RedisConnection } from './redis-connection.js';
import { redisUnavailable } from './redis-failure.js';
import { type DeadlineScript, RedisScript } from './redis-script.js';

const READ_TIME = new RedisScript(readLua(import.meta.dirname, './lua/read-time.lua'));

/** Never written. It begins like all others: rights may be given by key. */
const ANY_KEY = 'fw:1:clock';

/**
 * Runs scripts for callers that give up after one operation's time: what Redis comes to later does nothing. The deadline
 * is given in the server's own time. Its answers show that; before the first of them it is asked for its time.
 */
export class DeadlineRunner {
  readonly #connection: RedisConnection;
  /** By the server's address on a cluster, whose servers have a clock each. */
  readonly #clocks = new Map<string, Promise<RedisClock>>();

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    // What answers now may be another server, with another clock.
    connection.client.on('ready', () => {
      this.#clocks.clear();
      this.#readAhead();
    });
    if (connection.client.status === 'ready') this.#readAhead();
  }

  /**
   * Before anybody asks: read in the middle of a burst, a clock is known only as well as the burst lets answers through,
   * and deadlines that must not be late would all be too early. On a cluster only a key leads to a server.
   */
  #readAhead(): void {
    if (!(this.#connection.client instanceof Cluster)) this.#clockOf(ANY_KEY).catch(() => undefined);
  }

  /**
   * @param keys all in one cluster slot.
   * @returns what the body of the script returned.
   * @throws AppError `cache_unavailable`; the script may have run all the same, but does not run after that.
   */
  async run(
    script: DeadlineScript,
    keys: readonly [string, ...string[]],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const clock = await this.#clockOf(keys[0]);
    const givesUpAt = performance.now() + OPERATION_TIMEOUT_MS;
    // Once more where the server's clock has been set: its answer has shown it.
    for (const _attempt of ['first', 'second']) {
      const sentAt = performance.now();
      const deadline = clock.notAfter(givesUpAt);
      const reply = await this.#connection.run(script, keys, [...args, deadline], givesUpAt - sentAt);
      const [outcome, now, answer] = list(reply);
      clock.learn(whole(now), sentAt, performance.now());
      if (outcome === 'ran') return answer ?? null;
    }
    throw redisUnavailable(new Error('Redis came to it too late'));
  }

  #clockOf(key: string): Promise<RedisClock> {
    const server = serverOf(this.#connection.client, key);
    const known = this.#clocks.get(server);
    if (known !== undefined) return known;
    const clock = this.#readClock(key);
    this.#clocks.set(server, clock);
    clock.catch(() => {
      if (this.#clocks.get(server) === clock) this.#clocks.delete(server);
    });
    return clock;
  }

  async #readClock(key: string): Promise<RedisClock> {
    const clock = new RedisClock();
    const sentAt = performance.now();
    const [seconds, micros] = list(await this.#connection.run(READ_TIME, [key], []));
    const now = whole(seconds) * 1000 + Math.floor(whole(micros) / 1000);
    clock.learn(now, sentAt, performance.now());
    return clock;
  }
}

function serverOf(client: RedisConnection['client'], key: string): string {
  if (!(client instanceof Cluster)) return '';
  return client.slots[new Command('exists', [key]).getSlot() ?? 0]?.[0] ?? '';
}
