import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { LimitSettings } from '#src/application/limits/limit-settings.js';
import { RateLimitedError } from '#src/application/limits/rate-limited-error.js';
import { emailLookup } from '#src/domain/clients/client.js';
import type { AttemptDecision, FailureLimit, FailureLimiter } from '../limits/failure-limiter.js';
import type { KnownAddresses } from '../limits/known-addresses.js';
import type { PasswordHasher } from '../ports/access/password-hasher.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import { PasswordQuota } from './password-quota.js';

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
   * @param hash may still be looked up. Where that fails no password was looked at, and nothing is counted.
   * @throws AppError `overloaded`; whatever the look-up throws.
   */
  verify(password: string, hash: string | null | Promise<string | null>): Promise<boolean>;
}

type Counted = readonly [FailureLimit, string];

const WINDOW_SECONDS = 900;
const MAX_BLOCK_SECONDS = 14_400;
/** How many accounts one address, and how many addresses one account may be wrong about. */
const BREADTH = 10;
/** An attempt that is refused anyway, or comes from an unknown address to an account under attack, hashes as one party: it never delays the owner. */
const UNKNOWN = 'unknown';

/**
 * Wrong passwords are limited for each account from each address, for each address, and for each account. Only the first
 * two refuse; an account that is attacked from many addresses leaves each that it does not know one attempt in a
 * window, so that nobody can lock its owner out. Whether an account exists or is limited shows in no answer.
 */
export class PasswordAttempts {
  readonly #deps: Dependencies;
  readonly #quota: PasswordQuota;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    this.#quota = new PasswordQuota(deps);
  }

  /** @throws AppError `rate_limited` when this address was wrong too often, whatever it asks for, or asked too often. */
  async begin(email: string, origin: RequestOrigin): Promise<PasswordAttempt> {
    const { passwords, failureLimiter, limits } = this.#deps;
    const max = limits.passwordsPer15Minutes;
    const account = emailLookup(email);
    const unit = origin.rateLimitAddress;
    if (max === 0) {
      const party = { account, address: unit };
      return { verify: async (password, hash) => passwords.verify(password, await hash, party) };
    }
    const giveCheckBack = await this.#quota.spend(account, origin);
    const counted: Counted[] = [];
    const count = async (limit: FailureLimit, key: string): Promise<AttemptDecision> => {
      const decision = await failureLimiter.attempt(limit, key);
      if (decision.allowed) counted.push([limit, key]);
      return decision;
    };
    const ofAddress = await count(limitOf('password-ip', max * BREADTH), unit);
    if (!ofAddress.allowed) {
      await giveCheckBack();
      throw new RateLimitedError(ofAddress);
    }
    const ofBoth = await count(
      { ...limitOf('password', max), maxBlockSeconds: MAX_BLOCK_SECONDS },
      `${unit} ${account}`,
    );
    const { denial, isUnknown } = ofBoth.allowed
      ? await this.#judgeOfAccount(count, account, unit, ofBoth)
      : { denial: ofBoth, isUnknown: true };
    const party = { account: isUnknown ? UNKNOWN : account, address: unit };

    return {
      verify: async (password, hash) => {
        const isRight = await Promise.resolve(hash)
          .then((found) => passwords.verify(password, denial === null ? found : null, party))
          .catch(async (error: unknown) => {
            await Promise.all([this.#giveBack(counted), giveCheckBack()]);
            throw error;
          });
        if (isRight) await this.#deps.knownAddresses.remember(account, unit);
        // One too many at once was not looked at: it may have been right.
        if (isRight || denial?.isBlocked === false) await this.#giveBack(counted);
        else await Promise.all(counted.map(([limit, key]) => this.#fail(limit, key, origin)));
        return isRight;
      },
    };
  }

  async #giveBack(counted: readonly Counted[]): Promise<void> {
    await Promise.all(counted.map(([limit, key]) => this.#deps.failureLimiter.giveBack(limit, key)));
  }

  /** At an account under attack: from where its owner was seen before as ever, and elsewhere the first attempt alone. */
  async #judgeOfAccount(
    count: (limit: FailureLimit, key: string) => Promise<AttemptDecision>,
    account: string,
    unit: string,
    ofBoth: AttemptDecision,
  ): Promise<{ denial: AttemptDecision | null; isUnknown: boolean }> {
    const max = this.#deps.limits.passwordsPer15Minutes;
    const ofAccount = await count(limitOf('password-account', max * BREADTH), account);
    if (ofAccount.allowed || (await this.#deps.knownAddresses.has(account, unit))) {
      return { denial: null, isUnknown: false };
    }
    const isFirst = ofBoth.limit - ofBoth.remaining === 1;
    return { denial: isFirst ? null : ofAccount, isUnknown: true };
  }

  async #fail(limit: FailureLimit, key: string, origin: RequestOrigin): Promise<void> {
    const beginsBlock = await this.#deps.failureLimiter.fail(limit, key);
    if (beginsBlock) this.#deps.audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
  }
}

function limitOf(scope: FailureLimit['scope'], limit: number): FailureLimit {
  return { scope, limit, windowSeconds: WINDOW_SECONDS, maxBlockSeconds: WINDOW_SECONDS };
}
