const DAY_MS = 86_400_000;

/** A day of the calendar in UTC, as ISO 8601 writes it: `2026-01-31`. Days sort as texts do. */
export type UtcDay = string;

export function utcDayOf(epochMs: number): UtcDay {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** Its last moment and one more millisecond, in milliseconds since the epoch. */
export function endOfUtcDay(day: UtcDay): number {
  return Date.parse(day) + DAY_MS;
}

/** The day itself and those before it, newest first. */
export function utcDaysUntil(day: UtcDay, count: number): UtcDay[] {
  return Array.from({ length: count }, (_, ago) => utcDayOf(Date.parse(day) - ago * DAY_MS));
}
