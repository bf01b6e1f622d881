/** Loaded by the service under attack before its own code: tells on SIGUSR2, in a file of its working directory, what {@link Innards} holds. */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Innards } from './probe.js';

const RESOLUTION_MS = 10;
const MIB = 1_048_576;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();

process.on('SIGUSR2', () => {
  const blockedMs = delays.max / 1e6 - RESOLUTION_MS;
  globalThis.gc?.();
  const innards: Innards = {
    heapMib: process.memoryUsage().heapUsed / MIB,
    handles: process.getActiveResourcesInfo().length,
    blockedMs,
  };
  writeFileSync('innards.part', JSON.stringify(innards));
  renameSync('innards.part', 'innards.json');
  // The collection itself has stood in its way.
  setImmediate(() => delays.reset());
});
