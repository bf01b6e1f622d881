export interface Clock {
  /** Milliseconds since the epoch, as the wall shows it. For dates alone: it may be set forward and back. */
  now(): number;
  /** Milliseconds that never run backwards, since whenever. For spans: deadlines, windows, lifetimes, pauses. */
  monotonicMs(): number;
}

/** ISO 8601, UTC, with milliseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
