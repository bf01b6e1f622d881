import { spawnSync } from 'node:child_process';
import { environmentSchema } from '#src/infrastructure/config/environment-schema.js';
import { memoryMib, openFiles } from '#tests/support/assertions/process-figures.js';
import type { FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { type ServerExit, ServerProcess } from '#tests/support/processes/server-process.js';

export interface TargetOptions {
  /** Over the service's own defaults, its limits included. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its working directory; a new one when absent. */
  readonly folder?: string;
  /** `ulimit -n` of the process, soft and hard. */
  readonly maxOpenFiles?: number;
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
  /** A program that runs the rest of its arguments in its own place. */
  readonly wrapper?: readonly string[];
}

/** The limits as the service has them when nothing is said. */
const DEFAULT_LIMITS = Object.fromEntries(
  Object.entries(environmentSchema.parse({}))
    .filter(([name]) => name.startsWith('LIMIT_'))
    .map(([name, value]) => [name, String(value)]),
);

const HEAP = '--max-old-space-size=1024';
const GRACE_MS = 10_000;

/** The service under attack: a process of its own, started as `npm start` does. */
export class Target {
  private constructor(
    readonly server: ServerProcess,
    readonly folder: string,
    /** Where callers go. */
    readonly url: string,
  ) {}

  static async start(
    node: string,
    main: string,
    {
      env = {},
      folder,
      maxOpenFiles,
      nodeArgs = [],
      wrapper = [],
    }: TargetOptions & { readonly folder: string },
  ): Promise<Target> {
    const bounds = maxOpenFiles === undefined ? [] : ['prlimit', `--nofile=${maxOpenFiles}:${maxOpenFiles}`];
    const [program = node, ...args] = [...bounds, ...wrapper, node, HEAP, ...nodeArgs, main];
    const server = await ServerProcess.start({
      cwd: folder,
      env: { ...DEFAULT_LIMITS, ...env },
      command: [program, ...args],
    });
    return new Target(server, folder, await server.url());
  }

  /** The same process, whose callers go to a proxy. */
  behind(proxyUrl: string): Target {
    return new Target(this.server, this.folder, proxyUrl);
  }

  /** Without a key. */
  get api(): ApiClient {
    return new ApiClient(this.url, null, 'anything');
  }

  get openFiles(): number {
    return openFiles(this.server.pid);
  }

  /** From now on it opens no more than so many. */
  limitOpenFiles(count: number): void {
    spawnSync('prlimit', ['--pid', String(this.server.pid), `--nofile=${count}:${count}`]);
  }

  get memoryMib(): number {
    return memoryMib(this.server.pid).now;
  }

  /** As an operator does; without a word when that takes too long. */
  async stop(): Promise<ServerExit> {
    const timer = setTimeout(() => this.server.send('SIGKILL'), GRACE_MS);
    this.server.send('SIGTERM');
    const exit = await this.server.ended;
    clearTimeout(timer);
    return exit;
  }

  async kill(): Promise<void> {
    this.server.send('SIGKILL');
    await this.server.ended;
  }
}

/** The settings with which the service asks the fake in place of a provider. */
export function upstreamEnv(upstream: FakeOpenAi): Record<string, string> {
  return {
    MODEL: 'attacked-model',
    MODEL_PROVIDER: 'openai-compatible',
    MODEL_BASE_URL: upstream.baseUrl,
    MODEL_KEY: 'sk-attacked',
    MODEL_CHECK: 'false',
  };
}
