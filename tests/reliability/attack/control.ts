import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Arena } from './arena.js';
import { withProbe } from './probe.js';
import type { Stall } from './stalls.js';

const IDLE = 'setInterval(() => undefined, 1 << 30)';

/** A process that does nothing, with the priority of what is measured: what stops it is the machine. */
export class Control {
  private constructor(
    private readonly child: ChildProcess,
    private readonly probe: ReturnType<typeof withProbe>,
  ) {}

  static async start(arena: Arena): Promise<Control> {
    const probe = withProbe(await arena.makeFolder());
    const { folder, nodeArgs } = probe.options;
    const [program = arena.node, ...args] = [...arena.priority, arena.node, ...nodeArgs, '-e', IDLE];
    const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
    await once(child, 'spawn');
    return arena.own(new Control(child, probe));
  }

  /** Its stalls since the last look. */
  async look(): Promise<readonly Stall[]> {
    return (await this.probe.look({ send: (signal) => this.child.kill(signal) })).stalls;
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
