import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import type { Arena } from './arena.js';
import { withProbe } from './probe.js';
import type { Stall } from './stalls.js';

const IDLE = 'setInterval(() => undefined, 1 << 30)';

interface Idle {
  readonly child: ChildProcess;
  readonly probe: ReturnType<typeof withProbe>;
}

/**
 * Processes that do nothing, one bound to each processor, with the priority of what is measured: what stops one of them is the
 * machine. A virtual one may take a single processor away for a while, with whatever runs on it.
 */
export class Control {
  readonly #idle: readonly Idle[];

  private constructor(idle: readonly Idle[]) {
    this.#idle = idle;
  }

  static async start(arena: Arena): Promise<Control> {
    const idle: Idle[] = [];
    for (const processor of cpus().keys()) {
      const probe = withProbe(await arena.makeFolder());
      const { folder, nodeArgs } = probe.options;
      const bound = ['taskset', '-c', String(processor), arena.node, ...nodeArgs, '-e', IDLE];
      const [program = arena.node, ...args] = [...arena.priority, ...bound];
      const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
      await once(child, 'spawn');
      idle.push({ child, probe });
    }
    return arena.own(new Control(idle));
  }

  /** Stalls of any of them since the last look. */
  async look(): Promise<readonly Stall[]> {
    const all = await Promise.all(
      this.#idle.map(({ child, probe }) => probe.look({ send: (signal) => child.kill(signal) })),
    );
    return all.flatMap(({ stalls }) => stalls);
  }

  async stop(): Promise<void> {
    for (const { child } of this.#idle) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  }
}
