import expressCors from 'cors';
import type { RequestHandler } from 'express';

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];
/** Not the operator's key, which has no business in a browser. */
const REQUEST_HEADERS = ['x-api-key', 'authorization', 'content-type', 'idempotency-key', 'x-request-id'];
const RESPONSE_HEADERS = [
  'x-request-id',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'server-timing',
  'idempotency-replayed',
  'location',
];
const PREFLIGHT_SECONDS = 600;

/**
 * Lets pages of these origins call the service from a browser, and no others (WHATWG Fetch, 3.2). No cookies: the only
 * credential is a header. A preflight goes on to whoever answers OPTIONS, who knows the addresses.
 */
export function cors(origins: readonly string[]): RequestHandler {
  return expressCors({
    origin: [...origins],
    methods: METHODS,
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
    preflightContinue: true,
  });
}
