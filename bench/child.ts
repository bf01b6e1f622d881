import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export const CAN_PIN = spawnSync('taskset', ['--version']).status === 0;

const STOP_WITHIN_MS = 5000;
/** Linux counts a process's time in hundredths of a second, whatever the kernel's own tick. */
const MS_PER_TICK = 10;

const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.kill();
});

export interface ChildOptions {
  /** Where it runs, when `taskset` is there. */
  readonly core: number;
  readonly environment: NodeJS.ProcessEnv;
  /** A file descriptor for its standard output. */
  readonly output: number;
  readonly directory: string;
}

/** One process that the benchmark has started, and stops. */
export class Child {
  readonly #process: ChildProcess;

  /** @param command arguments of node. */
  constructor(command: readonly string[], { core, environment, output, directory }: ChildOptions) {
    const pinned = CAN_PIN ? ['taskset', '-c', String(core)] : [];
    const [program = process.execPath, ...rest] = [...pinned, process.execPath, ...command];
    this.#process = spawn(program, rest, {
      cwd: directory,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', SIGNUP: 'open', ...environment },
      stdio: ['ignore', output, 'inherit', 'ipc'],
    });
    running.add(this);
    this.#process.once('exit', () => running.delete(this));
  }

  /** @returns what it announces. @throws when it ends before that. */
  async url(): Promise<string> {
    const gone = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`a process of the benchmark ended with ${code}`);
    });
    const [message] = await Promise.race([once(this.#process, 'message'), gone]);
    return message.url;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Resident memory in MB; NaN where there is no /proc. */
  rssMb(): number {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(this.#proc('status'))?.[1];
    return Number(kilobytes) / 1024;
  }

  /** Processor time of all its threads, in milliseconds; NaN where there is no /proc. */
  cpuMs(): number {
    const fields = this.#proc('stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const idleTimeout = new AbortController();
    await Promise.race([ended, delay(STOP_WITHIN_MS, undefined, { signal: idleTimeout.signal })]);
    idleTimeout.abort();
    this.kill();
    await ended;
  }

  /** At once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #proc(name: string): string {
    try {
      return readFileSync(`/proc/${this.#process.pid}/${name}`, 'utf8');
    } catch {
      return '';
    }
  }
}

/** Everything that still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()));
}

/** Moves this very process. */
export function pinSelf(core: number): void {
  if (CAN_PIN) spawnSync('taskset', ['-acp', String(core), String(process.pid)]);
}
