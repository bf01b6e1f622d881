import type { Response } from 'express';
import type { LimitDecision, RateDecision } from '#src/application/limits/rate-limit.js';

/** One limit's members of the two headers. */
interface LimitMembers {
  readonly policy: string;
  readonly state: string;
}

const limitMembers = new WeakMap<Response, LimitMembers[]>();

/**
 * Shows the caller a limit that its request was counted by, in the order in which they were asked
 * (draft-ietf-httpapi-ratelimit-headers: quota and window, what remains and seconds until the window ends).
 */
export function setRateLimitHeaders(response: Response, decision: RateDecision): void {
  const { scope, limit, windowSeconds, remaining, resetMs } = decision;
  addMembers(response, {
    policy: `"${scope}";q=${limit};w=${windowSeconds}`,
    state: `"${scope}";r=${remaining};t=${wholeSeconds(resetMs)}`,
  });
}

/** A limit that refuses is shown like one that lets pass, in the end of the same list. */
export function setDenialHeaders(response: Response, decision: LimitDecision | RateDecision): void {
  if ('windowSeconds' in decision) setRateLimitHeaders(response, decision);
  else setConcurrencyHeaders(response, decision);
}

/** Of a limit without a window: its unit are requests at the same time, which the draft has a name for. */
function setConcurrencyHeaders(response: Response, decision: LimitDecision): void {
  const { scope, limit, remaining, retryAfterMs } = decision;
  addMembers(response, {
    policy: `"${scope}";q=${limit};qu="concurrent-requests"`,
    state: `"${scope}";r=${remaining};t=${wholeSeconds(retryAfterMs)}`,
  });
}

function addMembers(response: Response, members: LimitMembers): void {
  const all = limitMembers.get(response) ?? [];
  all.push(members);
  limitMembers.set(response, all);
  response.setHeader('RateLimit-Policy', all.map(({ policy }) => policy).join(', '));
  response.setHeader('RateLimit', all.map(({ state }) => state).join(', '));
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
