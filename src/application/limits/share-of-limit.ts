/** One process's part of a limit that several share and each counts by itself: at least 1, or nobody would get through. */
export function shareOfLimit(limit: number, instances: number): number {
  return Math.max(1, Math.floor(limit / instances));
}
