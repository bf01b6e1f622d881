import { getEventListeners } from 'node:events';
import { expect } from 'chai';

const TIMES = 1000;
/** Sockets close in their own time, though soon. */
const MAX_ROUNDS_OF_REST = 20_000;

/** What an operation may leave behind in this process, and on signals that outlive it. */
function standing(signals: readonly AbortSignal[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) {
    // Immediates and requests to the file system end by themselves within a round of the event loop.
    if (/^Timeout$|Wrap$/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  }
  counts['listeners'] = signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
  return counts;
}

/** Lets everything that is over come to rest: a few rounds of the event loop, or many more until `isAtRest`. */
async function quiet(isAtRest: () => boolean = () => false, maxRounds = 20): Promise<void> {
  for (let round = 0; round < maxRounds && !isAtRest(); round += 1) await new Promise(setImmediate);
}

/** Expects that an operation, a thousand times after one first time, leaves no listener, timer or handle behind. */
export async function expectNoLeak(
  signals: readonly AbortSignal[],
  operation: (round: number) => Promise<unknown>,
): Promise<void> {
  await operation(0);
  await quiet();
  const before = standing(signals);
  for (let round = 1; round <= TIMES; round += 1) await operation(round);
  // Fewer is no leak: a timer of an earlier test may have ended meanwhile.
  const leftBehind = () =>
    Object.entries(standing(signals)).filter(([what, count]) => count > (before[what] ?? 0));
  await quiet(() => leftBehind().length === 0, MAX_ROUNDS_OF_REST);
  expect(leftBehind(), 'left behind').to.deep.equal([]);
}
