import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Child, type ChildOptions } from './child.js';

export const SERVER_CORE = 0;
/** With two cores the upstream and the load share the second: the first belongs to the server alone. */
export const UPSTREAM_CORE = Math.min(1, availableParallelism() - 1);
export const LOAD_CORE = Math.min(2, availableParallelism() - 1);

/** @returns the address of the fake provider. */
export async function startUpstream(options: Pick<ChildOptions, 'directory' | 'output'>): Promise<string> {
  const script = join(import.meta.dirname, 'upstream.js');
  return new Child([script], { ...options, core: UPSTREAM_CORE, environment: {} }).url();
}
