import type { Request, RequestHandler, Response } from 'express';
import type { RateDecision } from '#src/application/limits/rate-limit.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { ClientPrincipal } from '#src/domain/access/principal.js';
import { contextOf, originOf } from './context-of.js';
import { setRateLimitHeaders } from './rate-limit-headers.js';

/**
 * Stands in front of everything: an address that is known to ask too much costs nothing but its error response. A turn of any
 * other is counted together with its client, once that is known ({@link limitClient}), so that both are one question.
 */
export function limitAddresses(limits: RequestLimits): RequestHandler {
  return async (request, response, next) => {
    const { cost } = contextOf(request).policy;
    if (cost === 'turn') applyLimit(response, limits.knownAddress(originOf(request)));
    else if (cost === 'request') applyLimit(response, await limits.address(originOf(request)));
    next();
  };
}

/**
 * A request that no client is known for: what {@link limitAddresses} has not counted yet.
 * @throws AppError `rate_limited`.
 */
export async function limitAnonymous(
  request: Request,
  response: Response,
  limits: RequestLimits,
): Promise<void> {
  if (isTurn(request)) applyLimit(response, await limits.address(originOf(request)));
}

/** @throws AppError `rate_limited`. */
export function applyLimit(response: Response, decision: RateDecision | null): void {
  if (decision === null) return;
  if (!decision.allowed) throw new RateLimitedError(decision);
  setRateLimitHeaders(response, decision);
}

/**
 * As soon as it is known which client asks.
 * @throws AppError `rate_limited`.
 */
export async function limitClient(
  request: Request,
  response: Response,
  limits: RequestLimits,
  client: ClientPrincipal,
): Promise<void> {
  const origin = originOf(request);
  const decisions = isTurn(request)
    ? await limits.turn(client, origin)
    : [await limits.request(client, origin)];
  for (const decision of decisions) applyLimit(response, decision);
}

function isTurn(request: Request): boolean {
  return contextOf(request).policy.cost === 'turn';
}
