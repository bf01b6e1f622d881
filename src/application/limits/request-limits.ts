import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type {
  AttemptDecision,
  FailureLimit,
  FailureLimiter,
} from '#src/application/ports/failure-limiter.js';
import type {
  CountedDecision,
  LimitScope,
  RateDecision,
  RateLimit,
  RateLimiter,
} from '#src/application/ports/rate-limiter.js';
import type { ClientPrincipal } from '#src/domain/principal.js';
import type { LimitSettings } from './limit-settings.js';
import { RateLimitedError } from './rate-limited-error.js';

interface Dependencies {
  readonly rateLimiter: RateLimiter;
  readonly failureLimiter: FailureLimiter;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const MINUTE = 60;
const HOUR = 3600;
/** A turn takes seconds, and whichever ends makes room. */
const CROWDED_RETRY_MS = 1000;

/** The limits on requests: which there are, how wide, and what they count. Null: there is none. */
export class RequestLimits {
  constructor(private readonly deps: Dependencies) {}

  /** Every request. */
  async address(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.consume('ip', this.deps.limits.ipPerMinute, MINUTE, origin.addressUnit, origin);
  }

  /** The refusal that {@link address} would answer, where this process knows it without asking or counting. */
  knownAddress({ addressUnit }: RequestOrigin): RateDecision | null {
    const limit = this.deps.limits.ipPerMinute;
    if (limit === 0) return null;
    return this.deps.rateLimiter.knownRefusal({ scope: 'ip', limit, windowSeconds: MINUTE }, addressUnit);
  }

  /** Sign-ups that anybody may make, of one address, whatever comes of them. */
  async signUp(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.consume('signup', this.deps.limits.signupsPerHour, HOUR, origin.addressUnit, origin);
  }

  /** A key that let nobody in. Good keys from the same address are not held up. */
  async badKey(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.consume('bad-keys', this.deps.limits.badKeysPerMinute, MINUTE, origin.addressUnit, origin);
  }

  /**
   * Before a right service key lets anybody in: whoever has guessed too often learns nothing more, not even by it. Right
   * and wrong ones are put in one order, so that parallel guesses are worth no more than one after the other.
   */
  async serviceKey({ addressUnit }: RequestOrigin): Promise<AttemptDecision | null> {
    const limit = this.serviceKeyLimit();
    return limit && this.deps.failureLimiter.peek(limit, addressUnit);
  }

  async badServiceKey(origin: RequestOrigin): Promise<AttemptDecision | null> {
    const limit = this.serviceKeyLimit();
    if (limit === null) return null;
    const { failureLimiter, audit } = this.deps;
    const decision = await failureLimiter.attempt(limit, origin.addressUnit);
    if (decision.allowed && (await failureLimiter.fail(limit, origin.addressUnit))) {
      audit.record({ event: 'limit_blocked', origin, limit: limit.scope });
    }
    return decision;
  }

  /** Requests of a client that are no turns. */
  async request(client: ClientPrincipal, origin: RequestOrigin): Promise<RateDecision | null> {
    const limit = client.limits.requestsPerMinute ?? this.deps.limits.requestsPerMinute;
    return this.consume('requests', limit, MINUTE, client.clientId, origin, client.clientId);
  }

  /** Turns of a client. */
  async turn(client: ClientPrincipal, origin: RequestOrigin): Promise<RateDecision | null> {
    const limit = client.limits.chatPerMinute ?? this.deps.limits.chatPerMinute;
    return this.consume('chat', limit, MINUTE, client.clientId, origin, client.clientId);
  }

  /** How many turns a client may have at the same time; null: any number. They are counted where they are opened. */
  concurrentTurns(client: ClientPrincipal): number | null {
    const limit = client.limits.concurrentTurns ?? this.deps.limits.concurrentTurns;
    return limit === 0 ? null : limit;
  }

  /**
   * A turn was one too many at the same time. Turns come and go too fast for a line each time: one a minute says enough.
   * @param limit that was in force.
   * @returns what its caller is told.
   */
  async crowded(clientId: string, origin: RequestOrigin, limit: number): Promise<RateLimitedError> {
    const once: RateLimit = { scope: 'turns-refused', limit: 1, windowSeconds: MINUTE };
    const { allowed } = await this.deps.rateLimiter.consume(once, clientId);
    if (allowed) this.deps.audit.record({ event: 'limit_blocked', origin, limit: 'turns', clientId });
    return new RateLimitedError({
      scope: 'turns',
      allowed: false,
      limit,
      remaining: 0,
      retryAfterMs: CROWDED_RETRY_MS,
    });
  }

  private serviceKeyLimit(): FailureLimit | null {
    const limit = this.deps.limits.badKeysPerMinute;
    if (limit === 0) return null;
    return { scope: 'service-key', limit, windowSeconds: MINUTE, longestBlockSeconds: HOUR };
  }

  private async consume(
    scope: LimitScope,
    limit: number,
    windowSeconds: number,
    key: string,
    origin: RequestOrigin,
    clientId?: string,
  ): Promise<RateDecision | null> {
    if (limit === 0) return null;
    const rateLimit: RateLimit = { scope, limit, windowSeconds };
    const decision = await this.deps.rateLimiter.consume(rateLimit, key);
    this.note(decision, origin, clientId);
    return decision;
  }

  private note({ beginsBlock, scope }: CountedDecision, origin: RequestOrigin, clientId?: string): void {
    if (beginsBlock) this.deps.audit.record({ event: 'limit_blocked', origin, limit: scope, clientId });
  }
}
