import type { Request } from 'express';
import type { RequestOrigin } from '#src/application/access/request-origin.js';
import type { ClientPrincipal, Principal } from '#src/domain/principal.js';

/** What one request carries besides what express knows of it. */
export interface RequestContext {
  readonly requestId: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** How long a model was waited for; null when none was called. */
  llmMs: number | null;
  principal: Principal | null;
}

const contexts = new WeakMap<object, RequestContext>();

export function setRequestContext(request: Request, context: RequestContext): void {
  contexts.set(request, context);
}

export function requestContext(request: Request): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('the request has no context: the first middleware did not run');
  return context;
}

/** The client that the route's `@Security('client')` has let in. */
export function callingClient(request: Request): ClientPrincipal {
  const { principal } = requestContext(request);
  if (principal?.kind !== 'client') throw new Error('the route does not declare that it needs a client');
  return principal;
}

export function callingClientId(request: Request): string {
  return callingClient(request).clientId;
}

/** For the log. */
export function originOf(request: Request): RequestOrigin {
  const { requestId, principal } = requestContext(request);
  return {
    requestId,
    address: request.ip ?? null,
    actor: principal?.kind ?? 'anonymous',
    actorKeyId: principal?.kind === 'client' ? principal.keyId : null,
  };
}
