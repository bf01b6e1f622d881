import type { Request } from 'express';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { ClientPrincipal, Principal, Right } from '#src/domain/access/principal.js';
import type { RoutePolicy } from './route-policy.js';

/** What one request carries besides what express knows of it. */
export interface RequestContext {
  readonly requestId: string;
  /** Of the caller, as the trusted proxies say. */
  readonly address: string | null;
  /** What limits count as one address. */
  readonly rateLimitAddress: string;
  /** Of the route that will take it. */
  readonly policy: RoutePolicy;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** How long a model was waited for; null when none was called. */
  llmMs: number | null;
  principal: Principal | null;
  /** That the principal was let in by; null where the route asks for none. */
  right: Right | null;
}

const contexts = new WeakMap<object, RequestContext>();

export function setRequestContext(request: Request, context: RequestContext): void {
  contexts.set(request, context);
}

export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('the request has no context: the first middleware did not run');
  return context;
}

/** The client that the route's `@Security('apiKey')` has let in. */
export function callingClient(request: Request): ClientPrincipal {
  const { principal } = contextOf(request);
  if (principal?.kind !== 'client') throw new Error('the route does not declare that it needs a client');
  return principal;
}

export function callingClientId(request: Request): string {
  return callingClient(request).clientId;
}

/** For the log. */
export function originOf(request: Request): RequestOrigin {
  const { requestId, address, rateLimitAddress, principal } = contextOf(request);
  return {
    requestId,
    address,
    rateLimitAddress,
    actor: principal?.kind ?? 'anonymous',
    actorKeyId: principal?.kind === 'client' ? principal.keyId : null,
  };
}
