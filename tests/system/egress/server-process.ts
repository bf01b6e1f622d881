import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/infrastructure/main.js', import.meta.url));
const RECORDER = new URL('./record-egress.js', import.meta.url).href;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Each way out that was taken, once, as `record-egress` writes them. */
  readonly waysOut: readonly string[];
}

/** A program in a process of its own whose ways out are written down; by default the built server. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #record: string;
  readonly #ended: Promise<unknown>;
  readonly #output = new EventEmitter();
  #stdout = '';
  #stderr = '';

  /** @param folder its working directory, which must be empty of a `.env`. */
  constructor(
    node: string,
    env: Readonly<Record<string, string>>,
    folder: string,
    program: readonly string[] = [MAIN],
  ) {
    this.#record = join(folder, `egress-${crypto.randomUUID()}`);
    this.#child = spawn(node, ['--import', RECORDER, ...program], {
      cwd: folder,
      env: { ...env, EGRESS_RECORD: this.#record },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close').then(() => this.#output.emit('output'));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#output.emit('output');
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  /** Where the server listens. */
  async url(): Promise<string> {
    for (;;) {
      const url = /listens on (http\S+)/.exec(this.#stdout)?.[1];
      if (url !== undefined) return url;
      if (this.#child.exitCode !== null) throw new Error(`it did not start: ${this.#stderr}`);
      await once(this.#output, 'output');
    }
  }

  /** @param signal null: it ends by itself. */
  async end(signal: NodeJS.Signals | null): Promise<Outcome> {
    if (signal !== null) this.#child.kill(signal);
    await this.#ended;
    const record = await readFile(this.#record, 'utf8').catch(() => '');
    const waysOut = [...new Set(record.split('\n').filter((line) => line !== ''))].sort();
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr, waysOut };
  }

  /** Does nothing when it has ended. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
