import type { IncomingMessage } from 'node:http';
import { AppError } from '#src/domain/errors.js';

/**
 * Of a request's body. The contract bounds texts in characters, and JSON may write each as an escape: 12 bytes for one
 * beyond the Basic Multilingual Plane. The longest body that openapi.json admits is some 220,000 bytes that way.
 */
export const MAX_BODY_BYTES = 256 * 1024;

/** Refuses by its length what is too long, before anything of it is read. */
export function boundBody(request: IncomingMessage): void {
  if (declaredBytes(request) > MAX_BODY_BYTES) throw new AppError('payload_too_large');
}

/**
 * Whether more of the body may be to come than is worth reading for the sake of the connection, which therefore has to
 * end with the answer, so that the rest is never taken for a request.
 */
export function hasUnboundedRest(request: IncomingMessage): boolean {
  if (request.complete) return false;
  return request.headers['transfer-encoding'] !== undefined || declaredBytes(request) > MAX_BODY_BYTES;
}

function declaredBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}
