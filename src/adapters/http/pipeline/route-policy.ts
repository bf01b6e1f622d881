import { Middlewares } from '@tsoa/runtime';
import type { RequestHandler } from 'express';

/** What a route asks of what stands before it. Every route states one; the right that it needs is its `@Security`. */
export interface RoutePolicy {
  /**
   * What the limits count a request as. A `turn` is counted together with its client. A `probe` is not counted: whatever
   * watches over the process asks it, and an error response would have the process killed in the middle of an attack.
   */
  readonly cost: 'turn' | 'request' | 'probe';
  /** Whether it is answered while the process drains. */
  readonly whileDraining: boolean;
}

const policies = new WeakMap<object, RoutePolicy>();

/** Stands among the handlers of a route, where {@link RoutePolicies} finds it. It does nothing to a request. */
export function withPolicy(policy: RoutePolicy): RequestHandler {
  const handler: RequestHandler = (_request, _response, next) => next();
  policies.set(handler, policy);
  return handler;
}

/** On a controller: of all of its routes. On a method: of that route, in place of its controller's. */
export function Policy(policy: RoutePolicy): ReturnType<typeof Middlewares> {
  return Middlewares<RequestHandler>(withPolicy(policy));
}

/** Null: the handler states none. */
export function policyOf(handler: object): RoutePolicy | null {
  return policies.get(handler) ?? null;
}
