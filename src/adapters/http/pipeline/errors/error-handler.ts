import type { ErrorRequestHandler } from 'express';
import { eventStreamOf } from '#src/adapters/http/streaming/event-stream.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import type { AppError } from '#src/domain/errors.js';
import { contextOf } from '../context-of.js';
import { setDenialHeaders } from '../rate-limit-headers.js';
import { toAppError, toProblem } from './problem.js';

/** What a handler may have said of its own answer before it failed. */
const CONTENT_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Expires',
  'Last-Modified',
  'Location',
];

/** The last middleware: one error body for everything. The cause goes to the log and nowhere else. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const { requestId } = contextOf(request);
    // The caller has gone: there is no reader, and nothing went wrong here.
    if (response.destroyed) return;
    const error = toAppError(thrown);
    const problem = toProblem(error, requestId);
    if (problem.status >= 500) logFailure(logger, requestId, error);
    const stream = eventStreamOf(response);
    if (stream !== null) {
      stream.end('error', problem);
      return;
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of CONTENT_HEADERS) response.removeHeader(name);
    response.setHeader('Cache-Control', 'no-store');
    const retryAfterSeconds = retryAfter(error);
    if (retryAfterSeconds !== null) response.set('Retry-After', String(retryAfterSeconds));
    if (error instanceof RateLimitedError) setDenialHeaders(response, error.decision);
    if (error.kind === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer realm="fastwrap"');
    // Not through express, which would add a charset that the media type does not have.
    response.statusCode = problem.status;
    response.setHeader('Content-Type', 'application/problem+json');
    const body = Buffer.from(JSON.stringify(problem));
    response.setHeader('Content-Length', body.length);
    response.end(body);
  };
}

/** A flood that is refused must not become one of the log: the line of the request reports it. */
const TOLD_BY_THE_REQUEST: readonly string[] = ['overloaded', 'shutting_down'];

/** A stack for what is a defect; for what happens to every service, one line that says why. */
function logFailure(logger: Logger, requestId: string, error: AppError): void {
  const { code, kind, cause } = error;
  if (TOLD_BY_THE_REQUEST.includes(code)) return;
  const why = kind === 'internal' ? { err: cause ?? error } : { reason: reasonOf(cause) };
  logger.error({ requestId, code, ...why }, 'request failed');
}

function reasonOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

/** In whole seconds; null: waiting does not help. What is unavailable may be there again in a moment where nothing else is said. */
function retryAfter({ kind, retryAfterSeconds }: AppError): number | null {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds;
  return kind === 'unavailable' ? 1 : null;
}
