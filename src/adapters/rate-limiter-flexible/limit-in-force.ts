import { shareOfLimit } from '#src/application/limits/share-of-limit.js';
import type { RateDecision, RateLimit } from '#src/application/ports/limits/rate-limiter.js';
import type { Count } from './counters.js';

export function limitInForce(
  { limit }: RateLimit,
  { isShare }: Pick<Count, 'isShare'>,
  instances: number,
): number {
  return isShare ? shareOfLimit(limit, instances) : limit;
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
