import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { FailureLimiter } from '../limits/failure-limiter.js';
import type { LimitScope, RateLimit } from '../limits/rate-limit.js';
import type { AuditLog } from '../ports/system/audit-log.js';

interface Dependencies {
  readonly failureLimiter: FailureLimiter;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const WINDOW_SECONDS = 900;
/** How many passwords may be checked for each wrong one that is allowed: of an account from one address, and of an address. */
const CHECKS_OF_ACCOUNT = 10;
const CHECKS_OF_ADDRESS = 30;

/**
 * Bounds how many passwords are checked, right ones included: each costs a hash. Counted before anything is known of the
 * account, so that a denial says nothing of it; and never for an account over all addresses, or whoever knows its email
 * could use up its owner's.
 */
export class PasswordQuota {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /**
   * @returns what gives the check back, for when none took place.
   * @throws AppError `rate_limited`.
   */
  async spend(account: string, origin: RequestOrigin): Promise<() => Promise<void>> {
    const { passwordsPer15Minutes } = this.#deps.limits;
    const unit = origin.rateLimitAddress;
    const ofAddress = limitOf('password-checks-ip', passwordsPer15Minutes * CHECKS_OF_ADDRESS);
    const giveBackOfAddress = await this.#count(ofAddress, unit, origin);
    const ofAccount = limitOf('password-checks', passwordsPer15Minutes * CHECKS_OF_ACCOUNT);
    // Refused for one account, an address keeps its checks of the others.
    const giveBackOfAccount = await this.#count(ofAccount, `${unit} ${account}`, origin).catch(
      async (denial: unknown) => {
        await giveBackOfAddress();
        throw denial;
      },
    );
    return async () => {
      await Promise.all([giveBackOfAddress(), giveBackOfAccount()]);
    };
  }

  async #count(limit: RateLimit, key: string, origin: RequestOrigin): Promise<() => Promise<void>> {
    const { failureLimiter, audit } = this.#deps;
    const decision = await failureLimiter.attempt(limit, key);
    if (!decision.allowed) throw new RateLimitedError(decision);
    if (decision.remaining === 0) audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
    return () => failureLimiter.giveBack(limit, key);
  }
}

function limitOf(scope: LimitScope, limit: number): RateLimit {
  return { scope, limit, windowSeconds: WINDOW_SECONDS };
}
