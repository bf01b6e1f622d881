import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NO_LIMITS } from '../fixtures/test-app.js';

/** The entry of the service that was built beside the tests. */
export const MAIN = fileURLToPath(new URL('../../../src/infrastructure/main.js', import.meta.url));

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcessOptions {
  /** Where `./data` and `.env` are looked for. */
  readonly cwd: string;
  /** All that it sees of the environment, besides PATH; without it no limits. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is run in place of this Node with the built service, without a shell. */
  readonly command?: readonly [string, ...string[]];
}

/** The built service as an operator runs it: a process of its own. */
export class ServerProcess {
  /** Resolves when the process is gone and its output is complete. */
  readonly exited: Promise<ServerExit>;
  /** Resolves when the process is gone, whatever became of its output. */
  readonly ended: Promise<ServerExit>;
  readonly #child: ChildProcess;
  readonly #started: Promise<string>;
  readonly #output = new EventEmitter();
  #stdout = '';
  #stderr = '';

  private constructor({ cwd, env = {}, command = [process.execPath, MAIN] }: ServerProcessOptions) {
    const { PATH = '' } = process.env;
    const [program, ...args] = command;
    const child = spawn(program, args, {
      cwd,
      // An upstream counts what it is asked.
      env: { PATH, MODEL_CHECK: 'false', ...NO_LIMITS, ...env },
      stdio: 'pipe',
    });
    this.#child = child;
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.#started = new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        this.#stdout += text;
        this.#output.emit('text');
        const [, url] = /^FastWrap listens on (\S+)\n/.exec(this.#stdout) ?? [];
        if (url !== undefined) resolve(url);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#stderr += text;
      });
      this.exited.then(
        ({ code, signal }) => reject(new Error(`it ended with ${code ?? signal}: ${this.#stderr}`)),
        reject,
      );
    });
    this.#started.catch(() => undefined);
  }

  /** Does not wait for anything. */
  static spawn(options: ServerProcessOptions): ServerProcess {
    return new ServerProcess(options);
  }

  /** On a free port, unless `env` has one; resolves when it listens. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess({ ...options, env: { PORT: '0', ...options.env } });
    await server.url();
    return server;
  }

  /** Where it listens, as its first line says. Rejects when it ends before. */
  url(): Promise<string> {
    return this.#started;
  }

  /** Resolves when its standard output holds the text. */
  async printed(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      const exit = await Promise.race([once(this.#output, 'text').then(() => null), this.exited]);
      if (exit !== null && !this.#stdout.includes(text)) throw new Error(`it ended without printing ${text}`);
    }
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process was not started');
    return pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Takes nothing more of its standard output. */
  stopReading(): void {
    this.#child.stdout?.pause();
  }

  /** Leaves it with a standard output that is closed at the other end. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it without a word, if it still runs. */
  async kill(): Promise<ServerExit> {
    this.#child.kill('SIGKILL');
    this.#child.stdout?.resume();
    return this.exited;
  }
}
