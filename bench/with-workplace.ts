import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopAll } from './child.js';

export interface Workplace {
  /** Empty at first, and gone afterwards. */
  readonly directory: string;
  /** A file descriptor that takes what nobody reads. */
  readonly output: number;
}

/** Whatever happens in `work`: afterwards none of its processes and files is left. */
export async function withWorkplace<T>(work: (workplace: Workplace) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'fastwrap-bench-'));
  const output = openSync(devNull, 'w');
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeDirectory);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    return await work({ directory, output });
  } finally {
    await stopAll();
    closeSync(output);
  }
}
