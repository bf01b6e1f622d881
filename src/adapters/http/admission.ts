import type { Request, RequestHandler, Response } from 'express';
import { rateLimited } from '#src/application/limits/rate-limited.js';
import type { RequestLimits } from '#src/application/limits/request-limits.js';
import type { RateDecision } from '#src/application/ports/rate-limiter.js';
import type { ClientPrincipal } from '#src/domain/principal.js';
import { tellConcurrency, tellLimit } from './rate-limit-headers.js';
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
  tellLimit(response, decision);
  if (!decision.allowed) throw rateLimited(decision);
}

/**
 * As soon as it is known which client asks. A turn keeps its slot until its answer is complete or its caller gone.
 * @throws AppError `rate_limited`.
 */
export async function admitClient(
  request: Request,
  response: Response,
  limits: RequestLimits,
  client: ClientPrincipal,
): Promise<void> {
  const origin = originOf(request);
  if (!isTurn(request)) {
    enforce(response, await limits.request(client, origin));
    return;
  }
  const { rate, slot } = await limits.turn(client, origin);
  if (slot !== null) {
    if (response.destroyed) slot.release();
    else response.once('close', slot.release);
  }
  enforce(response, rate);
  if (slot?.decision.allowed === false) {
    tellConcurrency(response, slot.decision);
    throw rateLimited(slot.decision);
  }
}

function isTurn(request: Request): boolean {
  return request.method === 'POST' && request.route?.path === '/api/chat';
}
