import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import { rateLimited } from '#src/application/limits/rate-limited.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { FailureLimit, FailureLimiter } from '#src/application/ports/failure-limiter.js';
import type { KnownAddresses } from '#src/application/ports/known-addresses.js';
import type { PasswordHasher } from '#src/application/ports/password-hasher.js';
import type { RateDecision } from '#src/application/ports/rate-limiter.js';
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
    const count = async (limit: FailureLimit, key: string): Promise<RateDecision> => {
      const decision = await failureLimiter.attempt(limit, key);
      counted.push([limit, key]);
      this.note(decision, origin);
      return decision;
    };
    const ofAddress = await count(limitOf('password-ip', most * BREADTH), unit);
    if (!ofAddress.allowed) throw rateLimited(ofAddress);
    const ofBoth = await count(
      { ...limitOf('password', most), longestBlockSeconds: LONGEST_BLOCK_SECONDS },
      `${unit} ${account}`,
    );
    const isLimited =
      !ofBoth.allowed ||
      (!(await count(limitOf('password-account', most * BREADTH), account)).allowed &&
        !(await this.isWelcome(account, unit, ofBoth)));

    return {
      verify: async (password, hash) => {
        const giveBack = () =>
          Promise.all(counted.map(([limit, key]) => failureLimiter.giveBack(limit, key)));
        const isRight = await passwords
          .verify(password, isLimited ? null : hash)
          .catch(async (error: unknown) => {
            await giveBack();
            throw error;
          });
        if (isRight) await Promise.all([giveBack(), this.deps.knownAddresses.remember(account, unit)]);
        return isRight;
      },
    };
  }

  /** At an account under attack: from where its owner was seen before, and elsewhere with the first attempt. */
  private async isWelcome(account: string, unit: string, ofBoth: RateDecision): Promise<boolean> {
    const isFirst = ofBoth.limit - ofBoth.remaining === 1;
    return isFirst || this.deps.knownAddresses.has(account, unit);
  }

  private note({ beginsBlock, scope }: RateDecision, origin: RequestOrigin): void {
    if (beginsBlock) this.deps.audit.record({ event: 'limit_blocked', origin, limit: scope });
  }
}

function limitOf(scope: FailureLimit['scope'], limit: number): FailureLimit {
  return { scope, limit, windowSeconds: WINDOW_SECONDS, longestBlockSeconds: WINDOW_SECONDS };
}
