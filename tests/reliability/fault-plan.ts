import type { SeededRandom } from '../support/fixtures/seeded-random.js';

export const FAULT_KINDS = ['kill', 'freezeWorker', 'freezeRedis', 'reset', 'swallow', 'stall'] as const;

/**
 * `kill`: a process ends by SIGKILL and is started again. `freezeWorker`, `freezeRedis`: SIGSTOP, then SIGCONT. `reset`: all
 * connections to Redis. `swallow`: what Redis answers is lost, then a reset. `stall`: commands arrive late.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** When so many turns have been acknowledged. */
  readonly atTurn: number;
  /** How long it lasts. */
  readonly ms: number;
  readonly worker: number;
}

/** Longer than a turn's right lives without its process: others go on, and the late commit has to be refused. */
const BEYOND_LEASE_MS = [5200, 5800] as const;
const LONG_FREEZE_SHARE = 0.15;

/** Every kind that the issue names at least once, and some more. */
export function planFaults(random: SeededRandom, turns: number, workers: number): Fault[] {
  const some = (kind: FaultKind, least: number, max: number): FaultKind[] =>
    Array<FaultKind>(random.between(least, max)).fill(kind);
  const kinds = [
    ...some('kill', 1, 2),
    ...some('freezeRedis', 1, 2),
    ...some('reset', 1, 2),
    ...some('swallow', 0, 1),
    ...some('stall', 0, 1),
    ...some('freezeWorker', 0, 1),
  ];
  return kinds
    .map((kind) => ({
      kind,
      atTurn: random.between(Math.floor(turns * 0.02), Math.floor(turns * 0.9)),
      ms: durationOf(kind, random),
      worker: random.between(0, workers - 1),
    }))
    .sort((a, b) => a.atTurn - b.atTurn);
}

function durationOf(kind: FaultKind, random: SeededRandom): number {
  switch (kind) {
    case 'kill':
    case 'reset':
      return 0;
    case 'freezeWorker':
      return random.next() < LONG_FREEZE_SHARE ? random.between(...BEYOND_LEASE_MS) : random.between(50, 900);
    case 'freezeRedis':
      return random.between(50, 650);
    case 'swallow':
      return random.between(2, 60);
    case 'stall':
      return random.between(50, 900);
  }
}
