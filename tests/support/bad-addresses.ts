import { METHODS } from 'node:http';
import fc from 'fast-check';
import type { NamedValue, Operation } from './bad-input-targets.js';
import { type BadClass, type BadRequest, invalid, validRequest } from './bad-request.js';
import { badText, CANARY, outOfBounds, unknownName } from './bad-values.js';

const DOUBLED_SLASH =
  'There is nothing at this address: its path has two slashes in a row. A slash within an id is written %2F.';

/** For operations with something in their path. */
export const PATH_CLASSES: Readonly<Record<string, BadClass>> = {
  'bad ids': pathParameter((parameter) =>
    fc
      .oneof(
        badText(parameter.schema),
        fc.integer({ min: 201, max: 4000 }).map((length) => CANARY.padEnd(length, 'a')),
      )
      .filter((id) => id !== '')
      .map((id) => ({ segment: encodeURIComponent(id), expected: invalid(parameter.name) })),
  ),
  'malformed percent-encoding': pathParameter(() =>
    fc
      .constantFrom('%', '%z', '%zz', '%ff', '%c0%af', '%ed%a0%80', '%e0%a4%a')
      .map((spoilt) => ({ segment: `${CANARY}${spoilt}`, expected: invalid(null) })),
  ),
};

function pathParameter(
  segments: (parameter: NamedValue) => fc.Arbitrary<{ segment: string; expected: BadRequest['expected'] }>,
): BadClass {
  return (operation, valid) =>
    fc.constantFrom(...operation.pathParameters).chain((parameter) =>
      segments(parameter).map(({ segment, expected }) => {
        const others = operation.pathParameters.filter(({ name }) => name !== parameter.name);
        const path = operation.path.replace(`{${parameter.name}}`, segment);
        return {
          ...validRequest({ ...operation, path, pathParameters: others }, valid),
          operation,
          expected,
        };
      }),
    );
}

/** For operations with query parameters. */
export const QUERY_CLASSES: Readonly<Record<string, BadClass>> = {
  'bad query parameters': queryParameter(({ name, schema }) => {
    const texts = schema.type === 'string' ? badText(schema) : outOfBounds(schema);
    return fc
      .oneof(texts, fc.constantFrom('', ' ', CANARY, '0x10', 'null', 'Infinity'))
      .map((text) => `${name}=${encodeURIComponent(text)}`);
  }),
  'duplicate query parameters': queryParameter(({ name, schema }) =>
    fc
      .constantFrom(schema.type === 'string' ? CANARY : String(schema.minimum))
      .map((text) => `${name}=${text}&${name}=${text}`),
  ),
};

function queryParameter(queries: (parameter: NamedValue) => fc.Arbitrary<string>): BadClass {
  return (operation, valid) =>
    fc.constantFrom(...operation.queryParameters).chain((parameter) =>
      queries(parameter).map((query) => {
        const right = validRequest(operation, valid);
        return { ...right, path: `${right.path}?${query}`, expected: invalid(parameter.name) };
      }),
    );
}

/** For every operation: a parameter that it does not have, once or repeated, with a value or without. */
export const unknownQuery: BadClass = (operation, valid) =>
  fc
    .tuple(
      unknownName(operation.queryParameters),
      fc.constantFrom('', `=${CANARY}`, '=', '='.repeat(3)),
      fc.boolean(),
    )
    .map(([name, value, isRepeated]) => {
      const right = validRequest(operation, valid);
      const pair = `${encodeURIComponent(name)}${value || (name === '' ? '=' : '')}`;
      // Behind more separators than a parser looks at that stops somewhere.
      const query = isRepeated ? `${pair}&${pair}` : `${'&'.repeat(2000)}${pair}`;
      return { ...right, path: `${right.path}?${query}`, expected: invalid(name.slice(0, 64) || 'query') };
    });

/** For every operation: what its path does not take. */
export function wrongMethod(operations: readonly Operation[]): BadClass {
  return (operation, valid) => {
    const taken = operations.filter(({ path }) => path === operation.path).map(({ method }) => method);
    const allow = [...taken, ...(taken.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    const others = METHODS.filter((method) => ![...taken, 'HEAD', 'OPTIONS', 'CONNECT'].includes(method));
    return fc.constantFrom(...others).map((method) => ({
      ...validRequest(operation, valid),
      method,
      expected: { status: 405, code: 'method_not_allowed', field: null, allow },
    }));
  };
}

/** For every operation: its own address with one slash too many. */
export const doubledSlash: BadClass = (operation, valid) => {
  const right = validRequest(operation, valid);
  const slashes = [...right.path.matchAll(/\//g)].map(({ index }) => index);
  return fc.constantFrom(...slashes, right.path.length).map((index) => ({
    ...right,
    path: `${right.path.slice(0, index)}${index === right.path.length && right.path !== '/' ? '//' : '/'}${right.path.slice(index)}`,
    expected: { status: 404, code: 'not_found', field: null, detail: DOUBLED_SLASH },
  }));
};

/** For every operation: an address beside its own. */
export const unknownAddress: BadClass = (operation, valid) =>
  fc
    .constantFrom(`/${CANARY}`, `/x/${CANARY}`, `/%2e%2e/${CANARY}`, `/${CANARY}%zz`, `/../../etc/${CANARY}`)
    .map((tail) => {
      const right = validRequest(operation, valid);
      const path = `${right.path === '/' ? '' : right.path}/0/0${tail}`;
      return { ...right, path, expected: { status: 404, code: 'not_found', field: null } };
    });
