export interface Clock {
  /** Milliseconds since the epoch, as the wall shows it. */
  now(): number;
  /** Milliseconds that never run backwards, for measuring. */
  monotonicMs(): number;
}

/** ISO 8601, UTC, with milliseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
