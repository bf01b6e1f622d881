import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type {
  AttemptDecision,
  FailureLimit,
  FailureLimiter,
} from '#src/application/ports/failure-limiter.js';
import type { KnownAddresses } from '#src/application/ports/known-addresses.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import { emailLookup } from '#src/domain/client.js';

interface Dependencies {
  readonly passwords: PasswordHasher;
  readonly failureLimiter: FailureLimiter;
  readonly knownAddresses: KnownAddresses;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

export interface PasswordAttempt {
  /**
   * False for a wrong password, for no account (`null`), and for any password where the attempt is one too many: all
   * take as long as a right one.
   * @throws AppError `overloaded`.
   */
  verify(password: string, hash: string | null): Promise<boolean>;
}

const WINDOW_SECONDS = 900;
const LONGEST_BLOCK_SECONDS = 14_400;
/** How many accounts one address, and how many addresses one account may be wrong about. */
const BREADTH = 10;

/**
 * Wrong passwords are limited for each account from each address, for each address, and for each account. Only the first
 * two refuse; an account that is attacked from many addresses leaves each that it does not know one attempt in a
 * window, so that nobody can lock its owner out. Whether an account exists or is limited shows in no answer.
 */
export class PasswordAttempts {
  constructor(private readonly deps: Dependencies) {}

  /** @throws AppError `rate_limited` when this address was wrong too often, whatever it asks for. */
  async begin(email: string, origin: RequestOrigin): Promise<PasswordAttempt> {
    const { passwords, failureLimiter, limits } = this.deps;
    const most = limits.passwordsPer15Minutes;
    if (most === 0) return { verify: (password, hash) => passwords.verify(password, hash) };

    const account = emailLookup(email);
    const unit = origin.addressUnit;
    const counted: (readonly [FailureLimit, string])[] = [];
    const count = async (limit: FailureLimit, key: string): Promise<AttemptDecision> => {
      const decision = await failureLimiter.attempt(limit, key);
      if (decision.allowed) counted.push([limit, key]);
      return decision;
    };
    const ofAddress = await count(limitOf('password-ip', most * BREADTH), unit);
    if (!ofAddress.allowed) throw new RateLimitedError(ofAddress);
    const ofBoth = await count(
      { ...limitOf('password', most), longestBlockSeconds: LONGEST_BLOCK_SECONDS },
      `${unit} ${account}`,
    );
    const refusal = ofBoth.allowed ? await this.refusalOfAccount(count, account, unit, ofBoth) : ofBoth;

    return {
      verify: async (password, hash) => {
        const giveBack = () =>
          Promise.all(counted.map(([limit, key]) => failureLimiter.giveBack(limit, key)));
        const isRight = await passwords
          .verify(password, refusal === null ? hash : null)
          .catch(async (error: unknown) => {
            await giveBack();
            throw error;
          });
        if (isRight) await Promise.all([giveBack(), this.deps.knownAddresses.remember(account, unit)]);
        // One too many at once was not looked at: it may have been right.
        else if (refusal?.isBlocked === false) await giveBack();
        else await Promise.all(counted.map(([limit, key]) => this.fail(limit, key, origin)));
        return isRight;
      },
    };
  }

  private async refusalOfAccount(
    count: (limit: FailureLimit, key: string) => Promise<AttemptDecision>,
    account: string,
    unit: string,
    ofBoth: AttemptDecision,
  ): Promise<AttemptDecision | null> {
    const most = this.deps.limits.passwordsPer15Minutes;
    const ofAccount = await count(limitOf('password-account', most * BREADTH), account);
    return ofAccount.allowed || (await this.isWelcome(account, unit, ofBoth)) ? null : ofAccount;
  }

  /** At an account under attack: from where its owner was seen before, and elsewhere with the first attempt. */
  private async isWelcome(account: string, unit: string, ofBoth: AttemptDecision): Promise<boolean> {
    const isFirst = ofBoth.limit - ofBoth.remaining === 1;
    return isFirst || this.deps.knownAddresses.has(account, unit);
  }

  private async fail(limit: FailureLimit, key: string, origin: RequestOrigin): Promise<void> {
    const beginsBlock = await this.deps.failureLimiter.fail(limit, key);
    if (beginsBlock) this.deps.audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
  }
}

function limitOf(scope: FailureLimit['scope'], limit: number): FailureLimit {
  return { scope, limit, windowSeconds: WINDOW_SECONDS, longestBlockSeconds: WINDOW_SECONDS };
}
