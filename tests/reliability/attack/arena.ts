import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import type { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { HaProxy } from './haproxy.js';
import { HonestCaller, type HonestPlan } from './honest-caller.js';
import { Target, type TargetOptions } from './target.js';

export interface ArenaOptions {
  readonly random: SeededRandom;
  readonly isQuick: boolean;
  readonly soakMinutes: number;
  /** Of the processes that are measured for long; 0: as the campaign itself. */
  readonly niceness: number;
  /** Runs the service. */
  readonly node: string;
  /** The service's entry. */
  readonly main: string;
  readonly isBehindHaProxy: boolean;
}

const PROXY_ADDRESS = '127.0.0.1';

/** Where one family fights: it starts what the family asks for, and stops all of it in reverse order. */
export class Arena {
  readonly #options: ArenaOptions;
  readonly #closers: (() => Promise<unknown>)[] = [];

  constructor(options: ArenaOptions) {
    this.#options = options;
  }

  get random(): SeededRandom {
    return this.#options.random;
  }

  get isQuick(): boolean {
    return this.#options.isQuick;
  }

  get soakMinutes(): number {
    return this.#options.soakMinutes;
  }

  /** A program that runs the rest of its arguments with the priority of what is measured for long. */
  get priority(): readonly string[] {
    return this.#options.niceness === 0 ? [] : ['nice', '-n', String(this.#options.niceness)];
  }

  get node(): string {
    return this.#options.node;
  }

  /** The one for a short run, or the other. */
  quick<T>(short: T, whole: T): T {
    return this.#options.isQuick ? short : whole;
  }

  /** The service as an operator runs it, behind a proxy where the campaign was asked for one. */
  async startService(options: TargetOptions = {}): Promise<Target> {
    const { node, main, isBehindHaProxy } = this.#options;
    const folder = options.folder ?? (await this.makeFolder());
    const env = isBehindHaProxy ? { TRUST_PROXY: PROXY_ADDRESS, ...options.env } : options.env;
    const target = await Target.start(node, main, { ...options, folder, ...(env && { env }) });
    this.onClose(() => target.kill());
    if (!isBehindHaProxy) return target;
    return target.behind(this.own(await HaProxy.start(target.url)).url);
  }

  async startUpstream(): Promise<FakeOpenAi> {
    const upstream = await FakeOpenAi.start();
    this.onClose(() => upstream.close());
    return upstream;
  }

  /** @param settings as redis-server takes them. */
  async startRedis(...settings: string[]): Promise<RedisServer> {
    return this.own(await RedisServer.start(...settings));
  }

  /** Another caller, who does nothing wrong. */
  startCaller(plan: HonestPlan): HonestCaller {
    const caller = new HonestCaller(plan);
    this.onClose(() => caller.terminate());
    return caller;
  }

  async makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'folder-'));
    this.onClose(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  own<T extends { stop(): Promise<unknown> }>(thing: T): T {
    this.onClose(() => thing.stop());
    return thing;
  }

  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
