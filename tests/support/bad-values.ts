import fc from 'fast-check';
import type { NamedValue, ValueSchema } from './bad-input-targets.js';

/** In every text that is sent; no answer and no log line may hold it. */
export const CANARY = 'c4n4ry';
export const CANARY_NUMBER = 7_340_033_773_400_337;

/** A value as it stands in a JSON text: `1e309` and `-0` have no other form. */
export type JsonText = string;

const json = (value: unknown): JsonText => JSON.stringify(value);

/** An object with these members, also `__proto__`. */
export function jsonObject(members: readonly (readonly [string, JsonText])[]): JsonText {
  return `{${members.map(([name, value]) => `${json(name)}:${value}`).join(',')}}`;
}

const POLLUTING: readonly JsonText[] = ['__proto__', 'constructor', 'prototype'].map((name) =>
  jsonObject([[name, jsonObject([['polluted', json(CANARY)]])]]),
);

/** Values of another type than the schema's, also those that a lenient parser would convert. */
export function wrongType(schema: ValueSchema): fc.Arbitrary<JsonText> {
  const numbers = ['12', '-0', '1.5', json(CANARY_NUMBER)];
  const lookalikes: Record<ValueSchema['type'], readonly JsonText[]> = {
    string: [...numbers, 'true', 'false'],
    integer: [json('12'), json(''), json(`12${CANARY}`), 'true', 'false'],
    number: [json('1'), json('1.5'), json('NaN'), json(CANARY), 'true'],
    boolean: [json('true'), json('false'), json(CANARY), '0', '1'],
  };
  return fc.constantFrom(
    ...lookalikes[schema.type],
    ...(schema.nullable === true ? [] : ['null']),
    ...POLLUTING,
    '[]',
    '{}',
    json([CANARY]),
    json({ value: CANARY }),
    json({ toString: CANARY, valueOf: CANARY }),
  );
}

/** Values of the right type that break a bound. */
export function outOfBounds(schema: ValueSchema): fc.Arbitrary<JsonText> {
  if (schema.enum !== undefined) return badEnum(schema.enum);
  switch (schema.type) {
    case 'string':
      return badText(schema).map(json);
    case 'integer':
    case 'number':
      return badNumber(schema);
    case 'boolean':
      return wrongType(schema);
  }
}

function badEnum(names: readonly string[]): fc.Arbitrary<JsonText> {
  const spoilt = names.flatMap((name) => [name.toUpperCase(), ` ${name}`, `${name}${CANARY}`]);
  return fc.constantFrom('', CANARY, ...spoilt).map(json);
}

/** Texts, for parameters too. */
export function badText({ minLength = 0, maxLength, pattern }: ValueSchema): fc.Arbitrary<string> {
  const kinds: fc.Arbitrary<string>[] = [];
  if (minLength > 0) kinds.push(fc.constant(''));
  if (maxLength !== undefined) {
    const tooLong = (extra: number) => CANARY.repeat(Math.ceil(maxLength / CANARY.length) + extra);
    kinds.push(fc.nat({ max: 9 }).map((extra) => tooLong(extra).slice(0, maxLength + 1 + extra)));
    kinds.push(fc.constant(`${CANARY}${'😀'.repeat(maxLength - CANARY.length + 1)}`));
  }
  if (pattern !== undefined) {
    const form = new RegExp(pattern, 'u');
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((tail) => `${CANARY}${tail}`);
    kinds.push(text.filter((candidate) => !form.test(candidate) && !candidate.includes('\0')));
    kinds.push(fc.constant(`${CANARY} x`), fc.constant(`${CANARY}\n`), fc.constant('🦜'));
  }
  if (kinds.length === 0) throw new Error('the schema bounds nothing');
  return fc.oneof(...kinds);
}

function badNumber({ type, minimum, maximum }: ValueSchema): fc.Arbitrary<JsonText> {
  if (minimum === undefined || maximum === undefined)
    throw new Error('openapi.json has a number without bounds');
  const far = fc.integer({ min: 1, max: 1_000_000_000 });
  const kinds: fc.Arbitrary<JsonText>[] = [
    fc.constantFrom('1e309', '-1e309', '1e308', json(maximum + 1), json(minimum - 1), json(CANARY_NUMBER)),
    far.map((distance) => json(maximum + distance)),
    far.map((distance) => json(minimum - distance)),
  ];
  if (type === 'integer') kinds.push(fc.constantFrom('10.5', '1.5', '5e-324', json(minimum + 0.1)));
  if (minimum > 0) kinds.push(fc.constant('-0'));
  return fc.oneof(...kinds);
}

/** Texts that no store and no provider would give back as they came. */
export const unfitText: fc.Arbitrary<JsonText> = fc.constantFrom(
  `"\\ud800${CANARY}"`,
  `"${CANARY}\\udfff"`,
  `"${CANARY}\\udc00\\ud800"`,
  `"\\u0000${CANARY}"`,
  `"${CANARY}\\u0000"`,
);

/** Names that the body does not know, the dangerous ones among them. */
export function unknownName(fields: readonly NamedValue[]): fc.Arbitrary<string> {
  const known = new Set(fields.map(({ name }) => name));
  const dangerous = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
  ];
  const near = [...known].flatMap((name) => [name.toUpperCase(), `${name} `, `${name}.`]);
  return fc
    .oneof(
      fc.constantFrom(...dangerous),
      fc.constantFrom(...near, 'id', 'clientId', 'createdAt', '', 'a'.repeat(300)),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    )
    .filter((name) => !known.has(name));
}

/** JSON values of any kind, polluting ones among them. */
export const anyValue: fc.Arbitrary<JsonText> = fc.constantFrom(
  ...POLLUTING,
  'null',
  'true',
  json(CANARY_NUMBER),
  json(CANARY),
  json([CANARY]),
  json({ polluted: CANARY }),
);

/** Deeper than any body has a reason to be: 5,000 levels, closed or not. */
export const deepValue: fc.Arbitrary<JsonText> = fc.constantFrom(
  '['.repeat(5000) + json(CANARY) + ']'.repeat(5000),
  '{"a":'.repeat(5000) + json(CANARY) + '}'.repeat(5000),
  '[{"a":'.repeat(2500) + json(CANARY) + '}]'.repeat(2500),
  '['.repeat(5000),
);
