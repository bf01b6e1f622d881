import type { Request, RequestHandler, Response } from 'express';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { RateDecision } from '#src/application/ports/rate-limiter.js';
import type { ClientPrincipal } from '#src/domain/principal.js';
import { tellLimit } from './rate-limit-headers.js';
import { originOf } from './request-context.js';

/** Asked by whatever watches over the process: a refusal would have it killed in the middle of an attack. */
const NEVER_LIMITED = new Set(['/livez', '/readyz']);

/** Stands in front of everything: an address that asks too much costs nothing but its refusal. */
export function limitAddresses(limits: RequestLimits): RequestHandler {
  return async (request, response, next) => {
    if (!NEVER_LIMITED.has(request.path)) enforce(response, await limits.address(originOf(request)));
    next();
  };
}

/** @throws AppError `rate_limited`. */
export function enforce(response: Response, decision: RateDecision | null): void {
  if (decision === null) return;
  if (!decision.allowed) throw new RateLimitedError(decision);
  tellLimit(response, decision);
}

/**
 * As soon as it is known which client asks.
 * @throws AppError `rate_limited`.
 */
export async function admitClient(
  request: Request,
  response: Response,
  limits: RequestLimits,
  client: ClientPrincipal,
): Promise<void> {
  const origin = originOf(request);
  enforce(response, await (isTurn(request) ? limits.turn(client, origin) : limits.request(client, origin)));
}

function isTurn(request: Request): boolean {
  return request.method === 'POST' && request.route?.path === '/api/chat';
}
