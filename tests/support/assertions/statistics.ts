/** By nearest rank, exactly: every value was kept. @param sorted ascending. @param share 0 to 1. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Of the rounds of a row: a moment in which the machine had other things to do does not show. */
export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 0.5);
}
