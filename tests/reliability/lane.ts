import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { SeededRandom } from '../support/fixtures/seeded-random.js';
import { RedisServer } from '../support/processes/redis-server.js';
import type { Attempt } from './attempt.js';
import { checkHistory } from './check-history.js';
import { FaultInjector } from './fault-injector.js';
import { type Fault, planFaults } from './fault-plan.js';
import { FaultyProxy } from './faulty-proxy.js';
import type { SabotageKind } from './sabotage.js';
import { readStoredConversations, type StoredConversation } from './stored-conversations.js';
import { CLIENTS } from './turn-orders.js';
import { WorkerProcess } from './worker-process.js';
import { Writer } from './writer.js';

export interface RunSize {
  readonly writers: number;
  readonly turnsPerWriter: number;
  /** Default true. False: only what clients do themselves goes wrong. */
  readonly withFaults?: boolean;
}

export interface RunOutcome {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly attempts: readonly Attempt[];
  readonly stored: readonly StoredConversation[];
  readonly violations: readonly string[];
}

const WORKERS = 3;
/** Of each client, under the same ids. */
const CONVERSATIONS = 10;
const MAX_RUN_MS = 60_000;
/** Of the acknowledged turns; of what was abandoned it is half. */
const ASKED_AGAIN_SHARE = 0.01;

/** A Redis, a bad network and some processes of the service: one fault run after the other. */
export class Lane {
  readonly #redis: RedisServer;
  readonly #proxy: FaultyProxy;
  readonly #workers: readonly WorkerProcess[];
  readonly #inspector: Redis;

  private constructor(
    redis: RedisServer,
    proxy: FaultyProxy,
    workers: readonly WorkerProcess[],
    inspector: Redis,
  ) {
    this.#redis = redis;
    this.#proxy = proxy;
    this.#workers = workers;
    this.#inspector = inspector;
  }

  static async start(sabotage: SabotageKind | null): Promise<Lane> {
    const redis = await RedisServer.start();
    const proxy = await FaultyProxy.start(redis.port);
    const redisUrl = `redis://:${redis.password}@127.0.0.1:${proxy.port}`;
    const workers = Array.from({ length: WORKERS }, () => new WorkerProcess({ redisUrl, sabotage }));
    const lane = new Lane(redis, proxy, workers, new Redis(redis.url));
    try {
      await Promise.all(workers.map((worker) => worker.start()));
      return lane;
    } catch (error) {
      await lane.stop();
      throw error;
    }
  }

  /** The same seed plans the same faults and says the same things; who comes first differs from time to time. */
  async run(seed: number, { writers, turnsPerWriter, withFaults = true }: RunSize): Promise<RunOutcome> {
    const redis = this.#redis;
    const proxy = this.#proxy;
    const workers = this.#workers;
    await this.#inspector.flushall();
    const random = new SeededRandom(seed);
    const attempts: Attempt[] = [];
    const faults = withFaults ? planFaults(random, writers * turnsPerWriter, WORKERS) : [];
    const injector = new FaultInjector({ redis, proxy, workers }, faults);
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), MAX_RUN_MS);
    let turns = 0;
    const burst = Array.from(
      { length: writers },
      (_, index) =>
        new Writer({
          name: `${seed}-${index}`,
          clientId: CLIENTS[index % CLIENTS.length] ?? CLIENTS[0],
          conversationIds: Array.from({ length: CONVERSATIONS }, (_, number) => `${seed}-${number}`),
          random: new SeededRandom(random.between(0, 2 ** 32 - 1)),
          workers,
          onAttempt: (attempt) => attempts.push(attempt),
          onTurn: () => {
            turns += 1;
            injector.progress(turns);
          },
          signal: overdue.signal,
        }),
    );
    try {
      await Promise.all(burst.map((writer) => writer.write(turnsPerWriter)));
      await injector.settled();
      const again = attempts.filter(
        ({ fate }) =>
          fate !== 'refused' && random.next() < (fate === 'acknowledged' ? ASKED_AGAIN_SHARE : 0.5),
      );
      await Promise.all(again.map((attempt) => burst[0]?.deliver(attempt, false)));
      await this.#quiet(overdue.signal);
    } catch (error) {
      if (!overdue.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    await injector.settled();
    const stored = await readStoredConversations(this.#inspector);
    const late = overdue.signal.aborted ? [`${turns} turns after ${MAX_RUN_MS} ms, and no end`] : [];
    const crashes = workers
      .filter(({ endedByItself }) => endedByItself)
      .map(() => 'a process ended by itself');
    const violations = [...late, ...crashes, ...checkHistory(attempts, stored)];
    return { seed, faults, attempts, stored, violations };
  }

  async stop(): Promise<void> {
    this.#inspector.disconnect();
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await this.#proxy.close();
    await this.#redis.stop();
  }

  /** Nothing more can be stored: every process has reported on everything. */
  async #quiet(signal: AbortSignal): Promise<void> {
    while (this.#workers.some(({ pendingCount }) => pendingCount > 0)) await delay(5, undefined, { signal });
  }
}
