import type { ErrorKind } from '#src/domain/errors.js';

/** The status of each kind of error and its name (RFC 9110). It imports nothing at run time: the build reads it alone. */
export const PROBLEM_STATUS: Readonly<
  Record<ErrorKind, { readonly title: string; readonly status: number }>
> = {
  invalid: { title: 'Bad Request', status: 400 },
  unauthenticated: { title: 'Unauthorized', status: 401 },
  forbidden: { title: 'Forbidden', status: 403 },
  missing: { title: 'Not Found', status: 404 },
  wrong_method: { title: 'Method Not Allowed', status: 405 },
  late: { title: 'Request Timeout', status: 408 },
  conflict: { title: 'Conflict', status: 409 },
  too_large: { title: 'Content Too Large', status: 413 },
  unsupported_media: { title: 'Unsupported Media Type', status: 415 },
  unprocessable: { title: 'Unprocessable Content', status: 422 },
  limited: { title: 'Too Many Requests', status: 429 },
  internal: { title: 'Internal Server Error', status: 500 },
  upstream_failed: { title: 'Bad Gateway', status: 502 },
  unavailable: { title: 'Service Unavailable', status: 503 },
  upstream_timeout: { title: 'Gateway Timeout', status: 504 },
};
