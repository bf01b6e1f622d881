import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stall } from './stalls.js';
import type { TargetOptions } from './target.js';
import { until } from './until.js';

/** What nobody sees from outside of a process. */
export interface Innards {
  /** Of what lives, after a full collection. */
  readonly heapMib: number;
  /** Sockets, timers and the like that are open. */
  readonly handles: number;
  /** Of the event loop, since the last look. */
  readonly stalls: readonly Stall[];
}

const SCRIPT = fileURLToPath(new URL('./probe-inside.js', import.meta.url));
const TIMEOUT_MS = 10_000;

/** Looks into a process that was started with its options. */
export function withProbe(folder: string): {
  options: TargetOptions & { readonly folder: string; readonly nodeArgs: readonly string[] };
  look(process: { send(signal: NodeJS.Signals): unknown }): Promise<Innards>;
} {
  const file = join(folder, 'innards.json');
  return {
    options: { folder, nodeArgs: ['--expose-gc', '--import', SCRIPT] },
    look: async (process) => {
      rmSync(file, { force: true });
      process.send('SIGUSR2');
      await until(() => existsSync(file), TIMEOUT_MS);
      return JSON.parse(readFileSync(file, 'utf8'));
    },
  };
}
