import { ValidateError } from '@tsoa/runtime';
import { AppError, type ErrorCode, type ErrorKind, type FieldError } from '#src/domain/app-error.js';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  wrong_method: 405,
  late: 408,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  limited: 429,
  internal: 500,
  upstream_failed: 502,
  unavailable: 503,
  upstream_timeout: 504,
};

const TITLE: Readonly<Record<ErrorKind, string>> = {
  invalid: 'Bad Request',
  unauthenticated: 'Unauthorized',
  forbidden: 'Forbidden',
  missing: 'Not Found',
  wrong_method: 'Method Not Allowed',
  late: 'Request Timeout',
  conflict: 'Conflict',
  too_large: 'Content Too Large',
  unsupported_media: 'Unsupported Media Type',
  unprocessable: 'Unprocessable Content',
  limited: 'Too Many Requests',
  internal: 'Internal Server Error',
  upstream_failed: 'Bad Gateway',
  unavailable: 'Service Unavailable',
  upstream_timeout: 'Gateway Timeout',
};

/** An error as RFC 9457 writes it, media type `application/problem+json`. */
export interface Problem {
  /** `urn:fastwrap:error:` and the code. */
  type: string;
  title: string;
  /** @isInt @minimum 400 @maximum 599 */
  status: number;
  /** A sentence for a person. It never repeats a value that was sent. */
  detail: string;
  /** Stable, for programs. */
  code: string;
  /** The same as the header `x-request-id`. */
  requestId: string;
  /** One entry for each faulty field. */
  errors?: ProblemField[];
}

export interface ProblemField {
  field: string;
  message: string;
}

export function toProblem(error: AppError, requestId: string): Problem {
  return {
    type: problemType(error.code),
    title: TITLE[error.kind],
    status: STATUS[error.kind],
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
