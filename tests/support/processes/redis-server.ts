import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RedisSettings } from '#src/adapters/redis/connection/redis-settings.js';
import { makeTestFolder, type TestFolder } from '../fixtures/test-app.js';
import { freePort } from './free-port.js';

const HOST = '127.0.0.1';

/** Its standard input ends with the process that holds the other end, however that ends, and takes the server with it. */
const WATCHED = 'redis-server "$@" & echo "$!"; cat >/dev/null; kill -KILL "$!"; wait';

/** A private, empty redis-server on a free port, with a password, that keeps nothing on disk and outlives nobody. */
export class RedisServer {
  readonly #folder: TestFolder;
  readonly #settings: readonly string[];
  #process: ChildProcess | null = null;
  #pid = 0;

  private constructor(
    readonly port: number,
    readonly password: string,
    folder: TestFolder,
    settings: readonly string[],
  ) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /** @param settings as redis-server takes them, such as `--maxmemory 2mb`. */
  static async start(...settings: string[]): Promise<RedisServer> {
    const password = randomBytes(18).toString('hex');
    const server = new RedisServer(await freePort(HOST), password, await makeTestFolder(), settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://:${this.password}@${HOST}:${this.port}`;
  }

  get connection(): RedisSettings {
    return {
      topology: { kind: 'single', address: { host: HOST, port: this.port }, database: 0 },
      credentials: { username: null, password: this.password },
      tls: false,
    };
  }

  /** Empty again, on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    const settings = ['--port', this.port, '--bind', HOST, '--requirepass', this.password, '--save', ''];
    const more = [
      '--appendonly',
      'no',
      '--dir',
      this.#folder.path,
      ...this.#settings.flatMap((s) => s.split(' ')),
    ];
    const args = ['-c', WATCHED, 'sh', ...settings.map(String), ...more];
    const child = spawn('sh', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    let output = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) break;
    }
    child.stdout.resume();
    this.#pid = Number.parseInt(output, 10);
    if (!output.includes('Ready to accept connections'))
      throw new Error(`redis-server did not start: ${output}`);
  }

  /** Takes connections and answers nothing. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    const closed = once(child, 'close');
    child.stdin?.end();
    await closed;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.#folder.remove();
  }
}
