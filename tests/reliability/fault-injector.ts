import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer } from '../support/processes/redis-server.js';
import type { Fault } from './fault-plan.js';
import type { FaultyProxy } from './faulty-proxy.js';
import type { WorkerProcess } from './worker-process.js';

export interface FaultTargets {
  readonly redis: RedisServer;
  readonly proxy: FaultyProxy;
  readonly workers: readonly WorkerProcess[];
}

/** Brings the planned faults about as the turns go on. */
export class FaultInjector {
  readonly #targets: FaultTargets;
  readonly #plan: readonly Fault[];
  #next = 0;
  readonly #running: Promise<void>[] = [];

  constructor(targets: FaultTargets, plan: readonly Fault[]) {
    this.#targets = targets;
    this.#plan = plan;
  }

  /** @param turns that have been acknowledged by now. */
  progress(turns: number): void {
    for (let fault = this.#plan[this.#next]; fault !== undefined; fault = this.#plan[this.#next]) {
      if (fault.atTurn > turns) return;
      this.#next += 1;
      this.#running.push(this.#bringAbout(fault));
    }
  }

  /** Resolves when all is well again. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #bringAbout({ kind, ms, worker }: Fault): Promise<void> {
    const { redis, proxy, workers } = this.#targets;
    switch (kind) {
      case 'kill':
        await workers[worker]?.restart();
        return;
      case 'freezeWorker': {
        const thaw = workers[worker]?.freeze();
        await delay(ms);
        thaw?.();
        return;
      }
      case 'freezeRedis':
        redis.freeze();
        await delay(ms);
        redis.thaw();
        return;
      case 'reset':
        proxy.reset();
        return;
      case 'swallow':
        proxy.swallowReplies();
        await delay(ms);
        proxy.endSwallowing();
        return;
      case 'stall':
        proxy.hold();
        await delay(ms);
        proxy.deliver();
    }
  }
}
