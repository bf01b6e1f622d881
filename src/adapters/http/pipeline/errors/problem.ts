import { ValidateError } from '@tsoa/runtime';
import { AppError, type ErrorCode, type FieldError } from '#src/domain/errors.js';
import { PROBLEM_STATUS } from './problem-status.js';

/** An error as RFC 9457 writes it, media type `application/problem+json`. */
export interface Problem {
  /**
   * `urn:fastwrap:error:` and the code.
   * @example "urn:fastwrap:error:invalid_request"
   */
  type: string;
  /** @example "Bad Request" */
  title: string;
  /**
   * @isInt
   * @minimum 400
   * @maximum 599
   * @example 400
   */
  status: number;
  /**
   * A sentence for a person. It never repeats a value that was sent.
   * @example "The request is not valid."
   */
  detail: string;
  /** Stable, for programs. */
  code: ErrorCode;
  /**
   * The same as the header `x-request-id`.
   * @example "e9ea807d-93b5-4531-9fb4-c60794a59495"
   */
  requestId: string;
  /** One entry for each faulty field. */
  errors?: ProblemField[];
}

export interface ProblemField {
  /** @example "message" */
  field: string;
  /** @example "must not be empty" */
  message: string;
}

export function toProblem(error: AppError, requestId: string): Problem {
  return {
    type: problemType(error.code),
    ...PROBLEM_STATUS[error.kind],
    detail: error.detail,
    code: error.code,
    requestId,
    ...(error.fields === undefined
      ? {}
      : { errors: error.fields.map(({ field, message }) => ({ field, message })) }),
  };
}

function problemType(code: ErrorCode): string {
  return `urn:fastwrap:error:${code}`;
}

/** Whatever was thrown, as an error that may be shown; what we did not foresee becomes `internal_error`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof ValidateError)
    return new AppError('invalid_request', { fields: invalidParameters(thrown) });
  if (thrown instanceof URIError)
    return new AppError('invalid_request', { detail: 'The address is not valid.' });
  return new AppError('internal_error', { cause: thrown });
}

/** tsoa's own report holds the values that were sent: only names and rules are taken from it. */
function invalidParameters(error: ValidateError): FieldError[] {
  return Object.entries(error.fields).map(([field, { message }]) => ({ field, message }));
}
