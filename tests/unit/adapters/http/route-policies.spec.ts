import { expect } from 'chai';
import express, { type Application, type RequestHandler } from 'express';
import { serveDocs } from '#src/adapters/http/openapi/docs-pages.js';
import { RegisterRoutes } from '#src/adapters/http/openapi/generated/routes.js';
import { RoutePolicies } from '#src/adapters/http/pipeline/route-policies.js';
import { type RoutePolicy, withPolicy } from '#src/adapters/http/pipeline/route-policy.js';
import { readOpenApiDocument } from '#src/infrastructure/package-files.js';

const REQUEST: RoutePolicy = { cost: 'request', whileDraining: false };
const TURN: RoutePolicy = { cost: 'turn', whileDraining: false };
const PROBE: RoutePolicy = { cost: 'probe', whileDraining: true };

const answer: RequestHandler = (_request, response) => {
  response.end();
};

function policiesOf(app: Application): RoutePolicies {
  const policies = new RoutePolicies();
  policies.read(app);
  return policies;
}

describe('the policies of routes', () => {
  it('are stated by every route of the service: which cost more or less than a request, and which outlast a stop', () => {
    const app = express();
    const document = readOpenApiDocument();
    RegisterRoutes(app);
    serveDocs(app, document);
    const policies = policiesOf(app);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
    );
    const special = described
      .map(([method, path]) => [`${method} ${path}`, policies.find(method, path.replace(/\{\w+\}/g, 'x'))])
      .filter(([, policy]) => policy !== undefined && JSON.stringify(policy) !== JSON.stringify(REQUEST));
    expect(described).to.have.length.above(20);
    expect(Object.fromEntries(special)).to.deep.equal({
      'POST /api/chat': TURN,
      'GET /health': { cost: 'request', whileDraining: true },
      'GET /livez': PROBE,
      'GET /readyz': PROBE,
    });
  });

  it('are asked of every route before the first request', () => {
    const app = express();
    app.get('/stated', withPolicy(REQUEST), answer);
    app.post('/stated/:id', answer);
    expect(() => policiesOf(app)).to.throw('the route POST /stated/:id states no policy');
  });

  describe('of one', () => {
    const app = express();
    app.post('/turns', withPolicy(REQUEST), withPolicy(TURN), answer);
    app.get('/turns/:id', withPolicy(PROBE), answer);
    app.get('/', withPolicy(PROBE), answer);
    const policies = policiesOf(app);

    for (const [method, path, policy, why] of [
      ['POST', '/turns', TURN, 'the method’s stands before its controller’s'],
      ['POST', '/turns/', TURN, 'routes take a slash at the end'],
      ['GET', '/turns', REQUEST, 'no turn begins with a method that is refused'],
      ['OPTIONS', '/turns', REQUEST, 'nor with a preflight'],
      ['GET', '/turns/1', PROBE, 'a parameter takes what stands in its place'],
      ['HEAD', '/turns/1', PROBE, 'a route that is read can be looked at'],
      ['GET', '/turns/1/2', REQUEST, 'a parameter takes one part of a path'],
      ['GET', '/TURNS/1', REQUEST, 'paths distinguish large letters from small ones'],
      ['GET', '/', PROBE, 'the root is a path, too'],
    ] as const) {
      it(`holds for ${method} ${path} or not: ${why}`, () => {
        expect(policies.find(method, path)).to.deep.equal(policy);
      });
    }
  });
});
