import type { ParsedUrlQuery } from 'node:querystring';
import { parse } from 'node:querystring';
import { invalidFields } from '#src/domain/errors.js';

const MAX_NAME_CHARACTERS = 64;
const MAX_FAULTS = 50;

/**
 * All of it: a parser that stops after a thousand names would let anything stand behind them. The server bounds its length.
 * @param text null: the address has none.
 */
export function parseQuery(text: string | null): ParsedUrlQuery {
  return parse(text ?? '', '&', '=', { maxKeys: 0 });
}

/** As unknown fields of a body are refused: a parameter that is spelled wrong would otherwise be passed over in silence. */
export function refuseUnknownParameters(query: object, known: readonly string[]): void {
  const unknown = Object.keys(query).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const faults = unknown.slice(0, MAX_FAULTS).map((name) => ({
    field: name.slice(0, MAX_NAME_CHARACTERS) || 'query',
    message: 'is not a known query parameter',
  }));
  throw invalidFields(...faults);
}
