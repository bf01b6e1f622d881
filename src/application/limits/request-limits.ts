import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { ClientPrincipal } from '#src/domain/access/principal.js';
import type { AuditLog } from '../ports/system/audit-log.js';
import type { AttemptDecision, FailureLimit, FailureLimiter } from './failure-limiter.js';
import type { LimitSettings } from './limit-settings.js';
import type { CountedDecision, LimitedKey, LimitScope, RateDecision, RateLimit } from './rate-limit.js';
import { RateLimitedError } from './rate-limited-error.js';
import type { RateLimiter } from './rate-limiter.js';

interface Dependencies {
  readonly rateLimiter: RateLimiter;
  readonly failureLimiter: FailureLimiter;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const MINUTE = 60;
const HOUR = 3600;
/** A turn takes seconds, and whichever ends makes room. */
const CONCURRENCY_RETRY_MS = 1000;

/** The limits on requests: which there are, how wide, and what they count. Null: there is none. */
export class RequestLimits {
  readonly #deps: Dependencies;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Every request. */
  async address(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.#consume(this.#addressLimit(origin), origin);
  }

  /** The denial that {@link address} would answer, where this process knows it without asking or counting. */
  knownAddress(origin: RequestOrigin): RateDecision | null {
    const limited = this.#addressLimit(origin);
    return limited && this.#deps.rateLimiter.knownDenial(limited.limit, limited.key);
  }

  /** Sign-ups that anybody may make, of one address, whatever comes of them. */
  async signUp(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.#consume(
      limited('signup', this.#deps.limits.signupsPerHour, HOUR, origin.rateLimitAddress),
      origin,
    );
  }

  /** A key that let nobody in. Good keys from the same address are not held up. */
  async badKey(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.#consume(
      limited('bad-keys', this.#deps.limits.badKeysPerMinute, MINUTE, origin.rateLimitAddress),
      origin,
    );
  }

  /**
   * Before a right service key lets anybody in: whoever has guessed too often learns nothing more, not even by it. Right
   * and wrong ones are put in one order, so that parallel guesses are worth no more than one after the other.
   */
  async serviceKey({ rateLimitAddress }: RequestOrigin): Promise<AttemptDecision | null> {
    const limit = this.#serviceKeyLimit();
    return limit && this.#deps.failureLimiter.peek(limit, rateLimitAddress);
  }

  async badServiceKey(origin: RequestOrigin): Promise<AttemptDecision | null> {
    const limit = this.#serviceKeyLimit();
    if (limit === null) return null;
    const { failureLimiter, audit } = this.#deps;
    const decision = await failureLimiter.attempt(limit, origin.rateLimitAddress);
    if (decision.allowed && (await failureLimiter.fail(limit, origin.rateLimitAddress))) {
      audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
    }
    return decision;
  }

  /** Requests of a client that are no turns. */
  async request({ clientId, limits }: ClientPrincipal, origin: RequestOrigin): Promise<RateDecision | null> {
    const perMinute = limits.requestsPerMinute ?? this.#deps.limits.requestsPerMinute;
    return this.#consume(limited('requests', perMinute, MINUTE, clientId), origin, clientId);
  }

  /**
   * A turn, of its address and, unless that refuses it, of its client.
   * @returns the decisions of what there is, in this order.
   */
  async turn({ clientId, limits }: ClientPrincipal, origin: RequestOrigin): Promise<RateDecision[]> {
    const perMinute = limits.chatPerMinute ?? this.#deps.limits.chatPerMinute;
    const ofAddress = this.#addressLimit(origin);
    const ofClient = limited('chat', perMinute, MINUTE, clientId);
    if (ofAddress === null || ofClient === null) {
      const decision = await this.#consume(
        ofAddress ?? ofClient,
        origin,
        ofClient === null ? undefined : clientId,
      );
      return decision === null ? [] : [decision];
    }
    const [address, client] = await this.#deps.rateLimiter.consumeBoth(ofAddress, ofClient);
    this.#note(address, origin);
    if (client === null) return [address];
    this.#note(client, origin, clientId);
    return [address, client];
  }

  /** How many turns a client may have at the same time; null: any number. They are counted where they are opened. */
  concurrentTurns(client: ClientPrincipal): number | null {
    const limit = client.limits.concurrentTurns ?? this.#deps.limits.concurrentTurns;
    return limit === 0 ? null : limit;
  }

  /**
   * A turn was one too many at the same time. Turns come and go too fast for a line each time: one a minute says enough.
   * @param limit that was in force.
   * @returns what its caller receives.
   */
  async concurrencyLimited(
    clientId: string,
    origin: RequestOrigin,
    limit: number,
  ): Promise<RateLimitedError> {
    const once: RateLimit = { scope: 'turns-refused', limit: 1, windowSeconds: MINUTE };
    const { allowed } = await this.#deps.rateLimiter.consume(once, clientId);
    if (allowed) this.#deps.audit.record({ event: 'limit_blocked', origin, limit: 'turns', clientId });
    return new RateLimitedError({
      scope: 'turns',
      allowed: false,
      limit,
      remaining: 0,
      retryAfterMs: CONCURRENCY_RETRY_MS,
    });
  }

  #serviceKeyLimit(): FailureLimit | null {
    const limit = this.#deps.limits.badKeysPerMinute;
    if (limit === 0) return null;
    return { scope: 'service-key', limit, windowSeconds: MINUTE, maxBlockSeconds: HOUR };
  }

  #addressLimit({ rateLimitAddress }: RequestOrigin): LimitedKey | null {
    return limited('ip', this.#deps.limits.ipPerMinute, MINUTE, rateLimitAddress);
  }

  async #consume(
    counted: LimitedKey | null,
    origin: RequestOrigin,
    clientId?: string,
  ): Promise<RateDecision | null> {
    if (counted === null) return null;
    const decision = await this.#deps.rateLimiter.consume(counted.limit, counted.key);
    this.#note(decision, origin, clientId);
    return decision;
  }

  #note({ beginsBlock, scope }: CountedDecision, origin: RequestOrigin, clientId?: string): void {
    if (beginsBlock) this.#deps.audit.record({ event: 'limit_blocked', origin, limit: scope, clientId });
  }
}

function limited(scope: LimitScope, limit: number, windowSeconds: number, key: string): LimitedKey | null {
  return limit === 0 ? null : { limit: { scope, limit, windowSeconds }, key };
}
