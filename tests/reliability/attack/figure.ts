/** One thing that was measured, with what it may be at most, at least or exactly. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly bound: string;
  readonly isMet: boolean;
}

/** A value that is no number misses. */
export function atMost(what: string, value: number, max: number, unit = ''): Figure {
  return { what, value: written(value, unit), bound: `≤ ${written(max, unit)}`, isMet: value <= max };
}

/** A value that is no number misses. */
export function atLeast(what: string, value: number, least: number, unit = ''): Figure {
  return { what, value: written(value, unit), bound: `≥ ${written(least, unit)}`, isMet: value >= least };
}

/** Compares as written in JSON, so that lists and objects can be reported too. */
export function exactly(what: string, value: unknown, expected: unknown): Figure {
  const [is, should] = [JSON.stringify(value) ?? 'nothing', JSON.stringify(expected) ?? 'nothing'];
  return { what, value: is, bound: should, isMet: is === should };
}

/** For what came of something that has no number. */
export function missed(what: string, value: string, bound: string): Figure {
  return { what, value, bound, isMet: false };
}

function written(value: number, unit: string): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
}
