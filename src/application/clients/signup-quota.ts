import type { RequestOrigin } from '#src/application/access/request-origin.js';
import { type LimitSettings, SIGNUPS_OF_ALL } from '#src/application/limits/limit-settings.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { FailureLimiter } from '../limits/failure-limiter.js';
import type { RateLimit } from '../limits/rate-limit.js';
import type { AuditLog } from '../ports/system/audit-log.js';

interface Dependencies {
  readonly failureLimiter: FailureLimiter;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const WINDOW_SECONDS = 3600;
const EVERYBODY = 'all';

/**
 * The sign-ups of the whole service. Only those that come about count: otherwise a handful of addresses could close it to
 * everybody with requests that cost them nothing. The operator's are not limited.
 */
export class SignupQuota {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** @throws AppError `rate_limited`, before any work; whatever the work throws. */
  async spend<T>(origin: RequestOrigin, work: () => Promise<T>): Promise<T> {
    const { failureLimiter, audit, limits } = this.#deps;
    if (limits.signupsPerHour === 0 || origin.actor === 'operator') return work();
    const limit: RateLimit = {
      scope: 'signup-total',
      limit: limits.signupsPerHour * SIGNUPS_OF_ALL,
      windowSeconds: WINDOW_SECONDS,
    };
    const decision = await failureLimiter.attempt(limit, EVERYBODY);
    if (!decision.allowed) throw new RateLimitedError(decision);
    const result = await work().catch(async (error: unknown) => {
      await failureLimiter.giveBack(limit, EVERYBODY);
      throw error;
    });
    if (decision.remaining === 0) audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
    return result;
  }
}
