import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { AuditLog } from '#src/application/ports/audit-log.js';
import type { FailureLimit, FailureLimiter } from '#src/application/ports/failure-limiter.js';
import type {
  LimitScope,
  RateDecision,
  RateLimit,
  RateLimiter,
} from '#src/application/ports/rate-limiter.js';
import type { TurnSlot, TurnSlots } from '#src/application/ports/turn-slots.js';
import type { ClientPrincipal } from '#src/domain/principal.js';
import { type LimitSettings, SIGNUPS_OF_ALL } from './limit-settings.js';

interface Dependencies {
  readonly rateLimiter: RateLimiter;
  readonly failureLimiter: FailureLimiter;
  readonly turnSlots: TurnSlots;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const MINUTE = 60;
const HOUR = 3600;

/** The limits on requests: which there are, how wide, and what they count. Null: there is none. */
export class RequestLimits {
  constructor(private readonly deps: Dependencies) {}

  /** Every request, before anything else is done for it. */
  async address(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.consume('ip', this.deps.limits.ipPerMinute, MINUTE, origin.addressUnit, origin);
  }

  /** Sign-ups that anybody may make. One address that has used up its own does not use up everybody's. */
  async signUp(origin: RequestOrigin): Promise<readonly RateDecision[]> {
    const { signupsPerHour } = this.deps.limits;
    const own = await this.consume('signup', signupsPerHour, HOUR, origin.addressUnit, origin);
    if (own === null) return [];
    if (!own.allowed) return [own];
    const all = await this.consume('signup-total', signupsPerHour * SIGNUPS_OF_ALL, HOUR, 'all', origin);
    return all === null ? [own] : [own, all];
  }

  /** A key that let nobody in. Good keys from the same address are not held up. */
  async badKey(origin: RequestOrigin): Promise<RateDecision | null> {
    return this.consume('bad-keys', this.deps.limits.badKeysPerMinute, MINUTE, origin.addressUnit, origin);
  }

  /** Before a service key is looked at: whoever has guessed too often learns nothing more, not even by the right one. */
  async serviceKey({ addressUnit }: RequestOrigin): Promise<RateDecision | null> {
    const limit = this.serviceKeyLimit();
    return limit && this.deps.failureLimiter.peek(limit, addressUnit);
  }

  async badServiceKey(origin: RequestOrigin): Promise<RateDecision | null> {
    const limit = this.serviceKeyLimit();
    if (limit === null) return null;
    const decision = await this.deps.failureLimiter.attempt(limit, origin.addressUnit);
    this.note(decision, origin);
    return decision;
  }

  /** Requests of a client that are no turns. */
  async request(client: ClientPrincipal, origin: RequestOrigin): Promise<RateDecision | null> {
    const limit = client.limits.requestsPerMinute ?? this.deps.limits.requestsPerMinute;
    return this.consume('requests', limit, MINUTE, client.clientId, origin, client.clientId);
  }

  /** Turns: how many in a minute and how many at once, asked for together. A refused one holds no slot. */
  async turn(
    client: ClientPrincipal,
    origin: RequestOrigin,
  ): Promise<{ rate: RateDecision | null; slot: TurnSlot | null }> {
    const { limits, turnSlots, rateLimiter } = this.deps;
    const perMinute = client.limits.chatPerMinute ?? limits.chatPerMinute;
    const chat: RateLimit = { scope: 'chat', limit: perMinute, windowSeconds: MINUTE };
    // Who hammers on is refused without a question to anybody, so not with one for a slot either.
    const refused = perMinute === 0 ? null : rateLimiter.knownRefusal(chat, client.clientId);
    if (refused !== null) return { rate: refused, slot: null };
    const atOnce = client.limits.concurrentTurns ?? limits.concurrentTurns;
    const [rate, slot] = await Promise.all([
      this.consume('chat', perMinute, MINUTE, client.clientId, origin, client.clientId),
      atOnce === 0 ? null : turnSlots.acquire(client.clientId, atOnce),
    ]);
    if (rate?.allowed === false) slot?.release();
    else if (slot?.decision.allowed === false) await this.noteCrowding(client, origin);
    return { rate, slot };
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

  private note({ beginsBlock, scope }: RateDecision, origin: RequestOrigin, clientId?: string): void {
    if (beginsBlock) this.deps.audit.record({ event: 'limit_blocked', origin, limit: scope, clientId });
  }

  /** Slots come and go too fast for a line each time: one a minute says enough. */
  private async noteCrowding({ clientId }: ClientPrincipal, origin: RequestOrigin): Promise<void> {
    const once: RateLimit = { scope: 'turns-refused', limit: 1, windowSeconds: MINUTE };
    const { allowed } = await this.deps.rateLimiter.consume(once, clientId);
    if (allowed) this.deps.audit.record({ event: 'limit_blocked', origin, limit: 'turns', clientId });
  }
}
