import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ValueSchema } from './bad-input-targets.js';
import {
  type BadClass,
  type BadRequest,
  invalid,
  JSON_TYPE,
  member,
  validMembers,
  validRequest,
} from './bad-request.js';
import {
  anyValue,
  CANARY,
  deepValue,
  type JsonText,
  jsonObject,
  outOfBounds,
  unfitText,
  unknownName,
  wrongType,
} from './bad-values.js';

const TOO_LARGE = { status: 413, code: 'payload_too_large', field: null } as const;
const UNSUPPORTED = { status: 415, code: 'unsupported_media_type', field: null } as const;

/** One field of the body, of one of these types, with another value. */
const field =
  (values: (schema: ValueSchema) => fc.Arbitrary<JsonText>, ...types: ValueSchema['type'][]): BadClass =>
  (operation, valid) =>
    fc
      .constantFrom(...(operation.body ?? []).filter(({ schema }) => types.includes(schema.type)))
      .chain(({ name, schema }) =>
        values(schema).map((value) => ({
          ...validRequest(operation, valid),
          body: jsonObject([
            ...validMembers(operation, valid).filter(([other]) => other !== name),
            member(name, value),
          ]),
          expected: invalid(name),
        })),
      );

/** The whole body replaced. */
const body =
  (bodies: fc.Arbitrary<string | Uint8Array>, expected: BadRequest['expected']): BadClass =>
  (operation, valid) =>
    bodies.map((spoilt) => ({ ...validRequest(operation, valid), body: spoilt, expected }));

/** A right body under other headers. */
const headers =
  (choices: fc.Arbitrary<Record<string, string>>, expected: BadRequest['expected']): BadClass =>
  (operation, valid) =>
    choices.map((chosen) => ({ ...validRequest(operation, valid), headers: chosen, expected }));

const brokenUtf8 = [[0xff], [0xc0, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]];
const withBytes = (bytes: readonly number[]) =>
  Buffer.concat([Buffer.from(`{"name":"${CANARY}`), Buffer.from(bytes), Buffer.from('"}')]);

const MEGABYTE = 1_048_576;
const bigTexts = [
  jsonObject([['name', JSON.stringify(CANARY.repeat(MEGABYTE / CANARY.length + 1))]]),
  CANARY.repeat(MEGABYTE / CANARY.length + 1),
  `${' '.repeat(MEGABYTE)}{}`,
];
const bomb = Buffer.from(jsonObject([['name', JSON.stringify('a'.repeat(8 * MEGABYTE))]]));
const bombs = [
  ['gzip', gzipSync(bomb)],
  ['deflate', deflateSync(bomb)],
  ['br', brotliCompressSync(bomb)],
] as const;

/** For operations that take a body. */
export const BODY_CLASSES: Readonly<Record<string, BadClass>> = {
  'wrong types': field(wrongType, 'string', 'integer', 'number', 'boolean'),
  'out of bounds': field(outOfBounds, 'string', 'integer', 'number'),
  'lone surrogates and NUL': field(() => unfitText, 'string', 'integer', 'number', 'boolean'),
  'unknown fields': (operation, valid) =>
    fc.tuple(unknownName(operation.body ?? []), anyValue).map(([name, value]) => ({
      ...validRequest(operation, valid),
      body: jsonObject([...validMembers(operation, valid), [name, value]]),
      expected: invalid(name.slice(0, 64) || 'body'),
    })),
  'unfit text under unknown names': (operation, valid) =>
    fc.tuple(unknownName(operation.body ?? []), unfitText).map(([name, value]) => ({
      ...validRequest(operation, valid),
      body: jsonObject([...validMembers(operation, valid), [name, value]]),
      expected: invalid(name.slice(0, 64) || 'body'),
    })),
  'not an object': body(
    fc.constantFrom('null', '[]', '12', 'true', `"${CANARY}"`, `[{"name":"${CANARY}"}]`),
    invalid('body'),
  ),
  'malformed JSON': (operation, valid) => {
    const right = jsonObject(validMembers(operation, valid));
    const spoilt = [
      'NaN',
      "{'name':1}",
      '{name:1}',
      `${right}${right}`,
      `${right},`,
      `\0${right}`,
      `//\n${right}`,
    ];
    const open = right.slice(0, -1);
    return fc
      .oneof(
        fc.nat({ max: right.length - 1 }).map((length) => right.slice(0, length) || ' '),
        fc.constantFrom(...spoilt, `${open},}`, `${open},"${CANARY}":01}`, `${open},"a":"\n${CANARY}"}`),
      )
      .map((text) => ({ ...validRequest(operation, valid), body: text, expected: invalid(null) }));
  },
  'no body': body(fc.constantFrom('', ' ', '\n'), invalid(null)),
  'broken UTF-8': body(fc.constantFrom(...brokenUtf8.map(withBytes)), invalid(null)),
  '1 MB bodies': body(fc.constantFrom(...bigTexts), TOO_LARGE),
  '5,000 levels deep': (operation, valid) =>
    fc.tuple(fc.constantFrom('name', 'a', '__proto__'), deepValue).map(([name, value]) => ({
      ...validRequest(operation, valid),
      body: jsonObject([...validMembers(operation, valid), [name, value]]),
      expected: TOO_LARGE,
    })),
  'compressed bombs': (operation, valid) =>
    fc.constantFrom(...bombs).map(([encoding, bytes]) => ({
      ...validRequest(operation, valid),
      headers: { ...JSON_TYPE, 'content-encoding': encoding },
      body: bytes,
      expected: TOO_LARGE,
    })),
  'not what Content-Encoding says': headers(
    fc
      .constantFrom('gzip', 'deflate', 'br')
      .map((encoding) => ({ ...JSON_TYPE, 'content-encoding': encoding })),
    invalid(null),
  ),
  'unknown Content-Encoding': headers(
    fc
      .constantFrom('zstd', 'gzip, gzip', CANARY)
      .map((encoding) => ({ ...JSON_TYPE, 'content-encoding': encoding })),
    UNSUPPORTED,
  ),
  'wrong Content-Type or charset': headers(
    fc
      .constantFrom(
        'text/plain',
        'text/json',
        'application/x-www-form-urlencoded',
        `multipart/form-data; boundary=${CANARY}`,
        'application/vnd.api+json',
        `application/json${CANARY}`,
        'application/json; charset=utf-16',
        'application/json; charset=iso-8859-1',
        `application/json; charset=${CANARY}`,
        'application/json, text/plain',
      )
      .map((type) => ({ 'content-type': type })),
    UNSUPPORTED,
  ),
  'no Content-Type': headers(fc.constant({}), UNSUPPORTED),
};

/** For operations whose body has required fields. */
export const missingField: BadClass = (operation, valid) =>
  fc.constantFrom(...(operation.body ?? []).filter(({ required }) => required)).map(({ name }) => ({
    ...validRequest(operation, valid),
    body: jsonObject(validMembers(operation, valid).filter(([other]) => other !== name)),
    expected: invalid(name),
  }));
