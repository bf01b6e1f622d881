const FACTOR = 8;
/** Linear work takes eight times as long on eight times as much, quadratic work 64 times. */
export const MAX_GROWTH = 24;
const LEAST_MS = 0.1;
const ROUNDS = 2;
const ROUNDS_IN_DOUBT = 12;

/**
 * How many times longer some work takes on eight times as much input. Both are timed in turn and the best times compared,
 * so that other work on the machine, which only ever adds, makes no difference.
 * @param prepare makes the input of a length and returns the work on it, which may take its time.
 */
export async function growth(prepare: (length: number) => () => unknown, length: number): Promise<number> {
  const small = prepare(length);
  const large = prepare(length * FACTOR);
  const repeats = await repeatsFor(small);
  const measured = await compare(small, large, repeats, ROUNDS);
  return measured <= MAX_GROWTH ? measured : compare(small, large, repeats, ROUNDS_IN_DOUBT);
}

async function compare(
  small: () => unknown,
  large: () => unknown,
  repeats: number,
  rounds: number,
): Promise<number> {
  let bestSmall = Number.POSITIVE_INFINITY;
  let bestLarge = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    bestSmall = Math.min(bestSmall, await elapsedMs(small, repeats));
    bestLarge = Math.min(bestLarge, await elapsedMs(large, repeats));
  }
  return bestLarge / bestSmall;
}

/** So many that the clock's own grain makes no difference. */
async function repeatsFor(work: () => unknown): Promise<number> {
  let repeats = 1;
  while ((await elapsedMs(work, repeats)) < LEAST_MS) repeats *= 2;
  return repeats;
}

async function elapsedMs(work: () => unknown, repeats: number): Promise<number> {
  const startedAt = performance.now();
  for (let count = 0; count < repeats; count += 1) await work();
  return performance.now() - startedAt;
}
