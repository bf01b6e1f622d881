import { randomUUID } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { AppError } from '#src/domain/errors.js';
import { toProblem } from '../pipeline/errors/problem.js';
import { SECURITY_HEADERS } from '../pipeline/security-headers.js';
import type { ErrorResponseLog } from './error-response-log.js';

/** The answer to a request that express never sees, or waits for in vain: the same kind as any other error response. */
export interface ErrorResponse {
  readonly requestId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param requestId that of a request which has one. */
export function toErrorResponse(error: AppError, requestId: string = randomUUID()): ErrorResponse {
  const problem = toProblem(error, requestId);
  const body = JSON.stringify(problem);
  const headers = {
    ...SECURITY_HEADERS,
    'x-request-id': requestId,
    'Server-Timing': 'app;dur=0.0',
    'Cache-Control': 'no-store',
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...(typeof error.retryAfterSeconds !== 'number'
      ? {}
      : { 'Retry-After': String(error.retryAfterSeconds) }),
    Connection: 'close',
  };
  return { requestId, status: problem.status, headers, body };
}

/** As it is written where there is no response to write it to. */
export function formatErrorResponse({ status, headers, body }: ErrorResponse): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

/** In place of the answer that the request would have got; the connection ends with it. */
export function respondWithError(response: ServerResponse, error: AppError, log: ErrorResponseLog): void {
  const given = response.getHeader('x-request-id');
  const errorResponse = toErrorResponse(error, typeof given === 'string' ? given : undefined);
  // A request that has its id has its line in the log, too.
  if (given === undefined) log.note(errorResponse, 0, response.req.method);
  response.writeHead(errorResponse.status, { ...errorResponse.headers }).end(errorResponse.body);
}
