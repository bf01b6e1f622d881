import type fc from 'fast-check';
import type { ErrorCode } from '#src/domain/app-error.js';
import type { NamedValue, Operation } from './bad-input-targets.js';
import { type JsonText, jsonObject } from './bad-values.js';

export interface BadRequest {
  readonly operation: Operation;
  readonly method: string;
  /** Escaped already, or malformed on purpose. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly expected: {
    readonly status: 400 | 404 | 405 | 413 | 415;
    readonly code: ErrorCode;
    /** The one faulty field; null: the answer names none. */
    readonly field: string | null;
    readonly allow?: string;
    /** The sentence itself, where it tells more than the code does. */
    readonly detail?: string;
  };
}

/** Values that the service takes: what is wrong with a request is then the one thing that was changed. */
export type ValidValue = (value: NamedValue, operation: Operation) => unknown;

/** Ways for a request to be bad; each takes a right request of one operation and spoils one thing. */
export type BadClass = (operation: Operation, valid: ValidValue) => fc.Arbitrary<BadRequest>;

export const JSON_TYPE = { 'content-type': 'application/json' };

/** The request that the service takes. */
export function validRequest(operation: Operation, valid: ValidValue): Omit<BadRequest, 'expected'> {
  const path = operation.pathParameters.reduce(
    (sofar, parameter) =>
      sofar.replace(`{${parameter.name}}`, encodeURIComponent(String(valid(parameter, operation)))),
    operation.path,
  );
  const { method } = operation;
  if (operation.body === null) return { operation, method, path, headers: {} };
  return { operation, method, path, headers: JSON_TYPE, body: jsonObject(validMembers(operation, valid)) };
}

/** The fields of that request's body: the required ones, or the first. */
export function validMembers(operation: Operation, valid: ValidValue): (readonly [string, JsonText])[] {
  const fields = operation.body ?? [];
  const required = fields.filter((field) => field.required);
  const chosen = required.length > 0 ? required : fields.slice(0, 1);
  return chosen.map((field) => member(field.name, JSON.stringify(valid(field, operation))));
}

/** @param name of a field, an inner one as `outer.inner`. */
export function member(name: string, value: JsonText): readonly [string, JsonText] {
  const [outer = name, inner] = name.split('.');
  return inner === undefined ? [name, value] : [outer, jsonObject([[inner, value]])];
}

/** @param field the one that is named in `errors`; null: none is. */
export const invalid = (field: string | null) => ({ status: 400, code: 'invalid_request', field }) as const;
