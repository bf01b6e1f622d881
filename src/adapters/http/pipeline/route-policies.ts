import type { Application } from 'express';
import { policyOf, type RoutePolicy } from './route-policy.js';

/** Of a request that no route takes. */
const NO_ROUTE: RoutePolicy = { cost: 'request', whileDraining: false };

interface Routes {
  /** Null: the path has no parameters. */
  readonly pattern: RegExp | null;
  readonly byMethod: Map<string, RoutePolicy>;
}

/** The policies of all routes, for what stands before them and has to know which one will take a request. */
export class RoutePolicies {
  readonly #byPath = new Map<string, Routes>();

  /**
   * Reads what was registered: before the first request.
   * @throws Error when a route states no policy.
   */
  read(app: Application): void {
    for (const { route } of app.router.stack) {
      if (route === undefined) continue;
      const policies = route.stack.flatMap(({ handle }) => policyOf(handle) ?? []);
      for (const method of new Set(route.stack.map((layer) => layer.method.toUpperCase()))) {
        const policy = policies.at(-1);
        if (policy === undefined) throw new Error(`the route ${method} ${route.path} states no policy`);
        this.#at(route.path).byMethod.set(method, policy);
      }
    }
  }

  /** Of the route that takes it. What an address refuses for its method costs a request at most. */
  find(method: string, path: string): RoutePolicy {
    // As the routes take it, with or without a slash at the end.
    const address = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const routes = this.#byPath.get(address) ?? this.#matching(address);
    if (routes === undefined) return NO_ROUTE;
    const taken = routes.byMethod.get(method === 'HEAD' ? 'GET' : method);
    if (taken !== undefined) return taken;
    const [other = NO_ROUTE] = routes.byMethod.values();
    return other.cost === 'turn' ? { ...other, cost: 'request' } : other;
  }

  #at(path: string): Routes {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const pattern = path.includes(':') ? new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) : null;
    const routes: Routes = { pattern, byMethod: new Map() };
    this.#byPath.set(path, routes);
    return routes;
  }

  #matching(path: string): Routes | undefined {
    for (const routes of this.#byPath.values()) if (routes.pattern?.test(path)) return routes;
    return undefined;
  }
}
