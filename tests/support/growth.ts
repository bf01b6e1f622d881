const FACTOR = 8;
/** Linear work takes eight times as long on eight times as much, quadratic work 64 times. */
export const MOST_GROWTH = 24;
const LEAST_MS = 0.1;
const ROUNDS = 2;
const ROUNDS_IN_DOUBT = 12;

/**
 * How many times longer some work takes on eight times as much input. Both are timed in turn and the best times compared,
 * so that other work on the machine, which only ever adds, makes no difference.
 * @param prepare makes the input of a length and returns the work on it.
 */
export function growth(prepare: (length: number) => () => unknown, length: number): number {
  const small = prepare(length);
  const large = prepare(length * FACTOR);
  const repeats = repeatsFor(small);
  const measured = compare(small, large, repeats, ROUNDS);
  return measured <= MOST_GROWTH ? measured : compare(small, large, repeats, ROUNDS_IN_DOUBT);
}

function compare(small: () => unknown, large: () => unknown, repeats: number, rounds: number): number {
  let bestSmall = Number.POSITIVE_INFINITY;
  let bestLarge = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    bestSmall = Math.min(bestSmall, elapsedMs(small, repeats));
    bestLarge = Math.min(bestLarge, elapsedMs(large, repeats));
  }
  return bestLarge / bestSmall;
}

/** So many that the clock's own grain makes no difference. */
function repeatsFor(work: () => unknown): number {
  let repeats = 1;
  while (elapsedMs(work, repeats) < LEAST_MS) repeats *= 2;
  return repeats;
}

function elapsedMs(work: () => unknown, repeats: number): number {
  const startedAt = performance.now();
  for (let count = 0; count < repeats; count += 1) work();
  return performance.now() - startedAt;
}
