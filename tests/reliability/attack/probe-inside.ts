/** Loaded by a process before its own code: writes on SIGUSR2, into a file of its working directory, what {@link Innards} holds. */
import { renameSync, writeFileSync } from 'node:fs';
import type { Innards } from './probe.js';
import { KEPT_FROM_MS, type Stall } from './stalls.js';

const EVERY_MS = 10;
const MIB = 1_048_576;

let stalls: Stall[] = [];
let [lastMs, lastCpuMs] = [nowMs(), usedCpuMs()];

/** As all processes of the machine count it. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function beat(): void {
  const [toMs, cpuMs] = [nowMs(), usedCpuMs()];
  const fromMs = lastMs + EVERY_MS;
  if (toMs - fromMs >= KEPT_FROM_MS) stalls.push({ fromMs, toMs, cpuMs: cpuMs - lastCpuMs });
  [lastMs, lastCpuMs] = [toMs, cpuMs];
}

setInterval(beat, EVERY_MS).unref();

process.on('SIGUSR2', () => {
  beat();
  globalThis.gc?.();
  const innards: Innards = {
    heapMib: process.memoryUsage().heapUsed / MIB,
    handles: process.getActiveResourcesInfo().length,
    stalls,
  };
  writeFileSync('innards.part', JSON.stringify(innards));
  renameSync('innards.part', 'innards.json');
  stalls = [];
  // The collection itself has stood in its way.
  [lastMs, lastCpuMs] = [nowMs(), usedCpuMs()];
});
