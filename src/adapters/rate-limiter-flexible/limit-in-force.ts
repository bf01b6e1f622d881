import type { RateDecision, RateLimit } from '#src/application/ports/rate-limiter.js';
import type { Count } from './counters.js';

/** One process's part of a limit that all share: at least 1, or nobody would get through. */
function shareOf(limit: number, instances: number): number {
  return Math.max(1, Math.floor(limit / instances));
}

export function limitInForce({ limit }: RateLimit, { isShare }: Count, instances: number): number {
  return isShare ? shareOf(limit, instances) : limit;
}

/** What a count means for a limit. */
export function decide(
  { scope, windowSeconds }: RateLimit,
  limit: number,
  count: number,
  resetMs: number,
): RateDecision {
  const allowed = count <= limit;
  return {
    scope,
    allowed,
    limit,
    windowSeconds,
    remaining: Math.max(0, limit - count),
    resetMs,
    retryAfterMs: allowed ? 0 : resetMs,
  };
}
