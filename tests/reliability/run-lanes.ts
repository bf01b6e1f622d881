import { Lane, type RunOutcome, type RunSize } from './lane.js';
import type { SabotageKind } from './sabotage.js';
import { Tally } from './tally.js';

export interface Campaign extends RunSize {
  readonly runs: number;
  /** Of the first run; each further one has the next. */
  readonly seed: number;
  /** How many runs go on at the same time. */
  readonly lanes: number;
  readonly sabotage: SabotageKind | null;
  readonly onRun?: (outcome: RunOutcome, tally: Tally) => void;
}

/** All runs, or up to the first violation. */
export async function runLanes({ runs, seed, lanes, sabotage, onRun, ...size }: Campaign): Promise<Tally> {
  const tally = new Tally();
  let next = 0;
  const work = async (): Promise<void> => {
    const lane = await Lane.start(sabotage);
    try {
      while (next < runs && tally.violations.length === 0) {
        next += 1;
        const outcome = await lane.run(seed + next - 1, size);
        tally.add(outcome);
        onRun?.(outcome, tally);
      }
    } finally {
      await lane.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, runs) }, work));
  return tally;
}
