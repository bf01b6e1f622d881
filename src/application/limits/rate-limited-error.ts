import { AppError } from '#src/domain/errors.js';
import type { LimitDecision, LimitScope, RateDecision } from './rate-limit.js';

/** What each limit counts, for the caller that has hit it. */
const COUNTED: Readonly<Record<LimitScope, string>> = {
  ip: 'requests from this address',
  signup: 'sign-ups from this address',
  'signup-total': 'sign-ups to this service',
  password: 'wrong passwords for this account from this address',
  'password-account': 'wrong passwords for this account',
  'password-ip': 'wrong passwords from this address',
  'password-checks': 'passwords for this account from this address',
  'password-checks-ip': 'passwords from this address',
  'bad-keys': 'wrong API keys from this address',
  'service-key': 'wrong service keys from this address',
  chat: 'chat requests of this account',
  requests: 'requests of this account',
  turns: 'turns of this account at the same time',
  'turns-refused': 'refused turns of this account',
};

/** The denial of a limiter in words that name the limit, and with its figures. */
export class RateLimitedError extends AppError {
  constructor(readonly decision: LimitDecision | RateDecision) {
    const { scope, limit, retryAfterMs } = decision;
    const within = 'windowSeconds' in decision ? ` in ${decision.windowSeconds} seconds` : '';
    super('rate_limited', {
      detail: `The limit "${scope}" was hit: ${limit} ${COUNTED[scope]}${within}.`,
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
    });
  }
}
