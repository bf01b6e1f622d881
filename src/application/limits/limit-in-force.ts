import type { Count } from '../ports/limits/counters.js';
import type { RateDecision, RateLimit } from './rate-limit.js';
import { shareOfLimit } from './share-of-limit.js';

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
