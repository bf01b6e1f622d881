import type { Response } from 'express';
import type { RateDecision } from '#src/application/ports/rate-limiter.js';

const decisions = new WeakMap<Response, RateDecision[]>();

/**
 * Tells the caller of a limit that its request was counted by, in the order in which they were asked
 * (draft-ietf-httpapi-ratelimit-headers: quota and window, what remains and seconds until the window ends).
 */
export function tellLimit(response: Response, decision: RateDecision): void {
  const told = decisions.get(response) ?? [];
  told.push(decision);
  decisions.set(response, told);
  const policies = told.map(({ scope, limit, windowSeconds }) => `"${scope}";q=${limit};w=${windowSeconds}`);
  const states = told.map(
    ({ scope, remaining, resetMs }) =>
      `"${scope}";r=${remaining};t=${Math.max(0, Math.ceil(resetMs / 1000))}`,
  );
  response.setHeader('RateLimit-Policy', policies.join(', '));
  response.setHeader('RateLimit', states.join(', '));
}
