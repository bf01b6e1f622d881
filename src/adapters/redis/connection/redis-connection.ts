import { Cluster } from 'ioredis';
import { inTime } from '#src/application/async/in-time.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { createRedisClient, type RedisClient } from './create-redis-client.js';
import { RedisBreaker } from './redis-breaker.js';
import { fatalReason, isReply, NO_ADDRESS, redisUnavailable, withoutArguments } from './redis-failure.js';
import type { RedisScript } from './redis-script.js';
import type { RedisSettings } from './redis-settings.js';

export interface RedisConnectionOptions {
  readonly settings: RedisSettings;
  readonly logger: Logger;
}

/** How long the start waits for Redis before it goes on without. */
const START_TIMEOUT_MS = 1500;
/** Of one operation with all that the client tries: a cluster is asked again when slots have moved. */
export const OPERATION_TIMEOUT_MS = 250;
/** Of one that can be done without: with two of them and one of the others a request still answers within 500 ms. */
export const BRIEF_TIMEOUT_MS = 75;

/** One connection to Redis for all adapters of a process. No operation takes longer than 250 ms; while Redis is away none takes any time. */
export class RedisConnection {
  /** Its failures are only counted inside {@link attempt}. */
  readonly client: RedisClient;
  readonly #logger: Logger;
  readonly #breaker: RedisBreaker;
  /** The last error of the connection itself since it was ready. */
  #lastError: unknown = null;

  private constructor({ settings, logger }: RedisConnectionOptions) {
    this.#logger = logger;
    this.client = createRedisClient(settings);
    this.#breaker = new RedisBreaker({
      probe: () => answered(this.client.ping(), OPERATION_TIMEOUT_MS),
      onOpen: (error) => this.#reportAbsence(error),
      onClose: () => logger.info({}, 'Redis is back'),
    });
  }

  /**
   * Resolves when Redis is ready, and also when it cannot be reached: it may come later.
   * @throws Error, in words for the operator, when it can be reached and will never do: a wrong password, not a Redis.
   */
  static async open(options: RedisConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options);
    try {
      await connection.#waitUntilReady();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Whether it makes sense to ask now. */
  get isAvailable(): boolean {
    return !this.#breaker.isOpen && this.client.status === 'ready';
  }

  /**
   * @param keys all in one cluster slot: the same `{…}` in each.
   * @returns what the script returned.
   * @throws AppError `cache_unavailable`; the script may have run all the same.
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    timeoutMs = OPERATION_TIMEOUT_MS,
  ): Promise<unknown> {
    return this.attempt(async (client) => {
      try {
        return await client.evalsha(script.sha1, keys.length, ...keys, ...args);
      } catch (error) {
        // A server that has not seen it yet: new, restarted, or master since a moment. It has run nothing.
        if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await client.eval(script.source, keys.length, ...keys, ...args);
      }
    }, timeoutMs);
  }

  /**
   * Anything that is asked of Redis, within its time.
   * @throws AppError `cache_unavailable`; what was asked may have been done all the same.
   */
  async attempt<T>(
    operation: (client: RedisClient) => Promise<T>,
    timeoutMs = OPERATION_TIMEOUT_MS,
  ): Promise<T> {
    if (this.#breaker.isOpen) throw redisUnavailable(this.#breaker.lastError);
    try {
      const result = await answered(operation(this.client), timeoutMs);
      this.#breaker.succeeded();
      return result;
    } catch (error) {
      if (!isReply(error)) this.#breaker.failed(error);
      throw redisUnavailable(error);
    }
  }

  async close(): Promise<void> {
    this.#breaker.stop();
    this.client.disconnect();
  }

  /** The first answer. */
  async #waitUntilReady(): Promise<void> {
    const first = new Promise<string | null>((resolve) => {
      this.client.once('ready', () => resolve(null));
      const fail = (error: unknown): void => {
        this.#lastError = error;
        const reason = fatalReason(error);
        if (reason !== null) resolve(reason);
      };
      this.client.on('error', fail);
      // The client of a cluster says nothing of that, and begins anew for ever.
      this.client.on('refresh', () => {
        if (namesNoNode(this.client)) fail(new Error(NO_ADDRESS));
      });
    });
    const fatal = await inTime(START_TIMEOUT_MS, first, () => null);
    if (fatal !== null) throw new Error(fatal);
    if (this.client.status !== 'ready') this.#breaker.open(this.#lastError);
    this.client.on('ready', () => {
      this.#lastError = null;
    });
  }

  /** What the connection met says more than what an operation then met. */
  #reportAbsence(error: unknown): void {
    const err = withoutArguments(this.#lastError ?? error);
    this.#logger.warn({ err }, fatalReason(this.#lastError) ?? 'Redis is away');
  }
}

/** Whether the nodes of a cluster were asked for the slots, and all left their own address out. */
function namesNoNode(client: RedisClient): boolean {
  return client instanceof Cluster && client.slots.every((nodes) => nodes.length === 0);
}

/** In time or not at all: what settles later is nobody's concern. */
function answered<T>(operation: Promise<T>, timeoutMs: number): Promise<T> {
  return inTime(timeoutMs, operation, () => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
}
