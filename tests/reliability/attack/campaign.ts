import { SeededRandom } from '#tests/support/fixtures/seeded-random.js';
import { Arena, type ArenaOptions } from './arena.js';
import { type Family, LeftOut } from './family.js';
import { exactly, type Figure, missed } from './figure.js';
import type { Janitor } from './janitor.js';

export interface FamilyResult {
  readonly name: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Why this machine could not run it; null: it was run. */
  readonly leftOut: string | null;
}

export interface Campaign extends Omit<ArenaOptions, 'random'> {
  readonly seed: number;
  readonly families: readonly Family[];
  readonly janitor: Pick<Janitor, 'leftFiles' | 'leftProcesses'>;
  readonly onResult?: (result: FamilyResult) => void;
}

/** No family takes longer, the soak aside, which says itself how long it takes. */
const MAX_MS = 240_000;
const MAX_REASON_CHARACTERS = 120;

/** The families one after the other, each with the same numbers for the same seed whatever ran before it. */
export async function runCampaign({
  families,
  seed,
  janitor,
  onResult,
  ...options
}: Campaign): Promise<FamilyResult[]> {
  const results: FamilyResult[] = [];
  for (const family of families) {
    const startedAt = performance.now();
    const arena = new Arena({ ...options, random: new SeededRandom(seed) });
    const outcome = await fight(family, arena);
    const figures = outcome.leftOut === null ? [...outcome.figures, ...leftBehind(janitor)] : [];
    const seconds = (performance.now() - startedAt) / 1000;
    const result = { name: family.name, seconds, figures, leftOut: outcome.leftOut };
    results.push(result);
    onResult?.(result);
  }
  return results;
}

/** What nobody could run is no success, and neither is a figure that misses. */
export function isWon(results: readonly FamilyResult[]): boolean {
  return (
    results.some(({ figures }) => figures.length > 0) &&
    results.flatMap(({ figures }) => figures).every(({ isMet }) => isMet)
  );
}

interface Outcome {
  readonly figures: readonly Figure[];
  readonly leftOut: string | null;
}

async function fight(family: Family, arena: Arena): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const maxMs = MAX_MS + arena.soakMinutes * 60_000;
  const tooLate = new Promise<readonly Figure[]>((resolve) => {
    timer = setTimeout(() => resolve([missed('the family', 'did not end', `${maxMs / 1000} s`)]), maxMs);
  });
  try {
    return { figures: await Promise.race([family.run(arena), tooLate]), leftOut: null };
  } catch (error) {
    if (error instanceof LeftOut) return { figures: [], leftOut: error.message };
    return { figures: [missed('the family', firstLine(error), 'ends')], leftOut: null };
  } finally {
    clearTimeout(timer);
    await arena.close();
  }
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.slice(0, MAX_REASON_CHARACTERS);
}

function leftBehind(janitor: Campaign['janitor']): Figure[] {
  const left = [...janitor.leftProcesses(), ...janitor.leftFiles()];
  return left.length === 0 ? [] : [exactly('left behind', left, [])];
}
