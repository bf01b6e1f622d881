import { Agent } from 'node:http';
import { expect } from 'chai';
import {
  EXPECTED_SECURITY_HEADERS,
  expectFrame,
  expectJson,
  expectNoContent,
  expectProblem,
} from '../support/assertions/expect-response.js';
import type { AppStorage } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';
import { DOCUMENT, OPERATIONS, responseOf } from '../support/fixtures/openapi-operations.js';
import { sendRequest } from '../support/fixtures/send-request.js';

const VERBS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DOCS_POLICY =
  "default-src 'none';frame-ancestors 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'none'";
const SERVICE_KEY = 'operator-key-0123456789';
const AS_OPERATOR = { 'x-fastwrap-api-key': SERVICE_KEY };
const EXAMPLE_ID = '0190c0de-1234-7abc-8def-0123456789ab';

const PAGES: Readonly<Record<string, readonly string[]>> = { '/docs': ['GET'], '/openapi.json': ['GET'] };
const DESCRIBED = Object.fromEntries(
  Object.entries(DOCUMENT.paths).map(([path, operations]) => [
    path.replace(/\{\w+\}/g, EXAMPLE_ID),
    Object.keys(operations).map((method) => method.toUpperCase()),
  ]),
);

const PROBLEM = ['application/problem+json', 'Problem'] as const;
const REPORT = ['application/json', 'HealthReport'] as const;

export function serviceContract(storage: AppStorage): void {
  describe('the service itself', () => {
    const app = useApp(storage, { env: { FASTWRAP_API_KEY: SERVICE_KEY } });

    it('GET / says what this is and where to read on', async () => {
      expectJson(await app.api.get('/'), 200, {
        name: 'FastWrap',
        version: DOCUMENT.info.version,
        docs: '/docs',
        openapi: '/openapi.json',
        health: '/health',
      });
    });

    it('GET /health reports the parts and the whole seconds since the start, and calls no model', async () => {
      const startedMs = app.clock.now();
      app.clock.advance(61_900);
      expectJson(await app.api.get('/health'), 200, {
        status: 'ok',
        version: DOCUMENT.info.version,
        uptimeSeconds: Math.floor((app.clock.now() - startedMs) / 1000),
        checks: { database: 'ok', cache: 'ok', model: 'ok' },
      });
      expect(app.llm.prompts).to.deep.equal([]);
    });

    for (const path of ['/livez', '/readyz']) {
      it(`GET ${path} says ok`, async () => {
        expectJson(await app.api.get(path), 200, { status: 'ok' });
      });
    }

    it('GET /openapi.json is the document in the repository', async () => {
      expectJson(await app.api.get('/openapi.json'), 200, DOCUMENT);
    });

    it('its document gives every error the media type that it has', () => {
      const errors = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
        Object.entries(operations).flatMap(([method, { responses }]) =>
          Object.keys(responses)
            .filter((status) => Number(status) >= 400)
            .map((status) => {
              const content = responseOf(responses, Number(status))?.content ?? {};
              return [`${method} ${path} ${status}`, content] as const;
            }),
        ),
      );
      expect(errors).to.have.length.above(50);
      for (const [name, content] of errors) {
        // The one error status that is no error body: the report of what is down.
        const [type, schema] = name === 'get /health 503' ? REPORT : PROBLEM;
        expect(Object.keys(content), name).to.deep.equal([type]);
        expect(content[type]?.schema, name).to.deep.equal({ $ref: `#/components/schemas/${schema}` });
      }
    });

    it('its document says of every operation that a request can be wrong: its query may be', () => {
      for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
        for (const [method, { responses }] of Object.entries(operations)) {
          expect(responses, `${method} ${path}`).to.have.property('400');
        }
      }
    });

    it('its document shows the security headers as they are', () => {
      for (const [name, value] of Object.entries(EXPECTED_SECURITY_HEADERS)) {
        const [, declared] =
          Object.entries(DOCUMENT.components.headers).find(([each]) => each.toLowerCase() === name) ?? [];
        expect(declared?.example, name).to.equal(value);
      }
    });

    it('its document says of every operation that it can fail', () => {
      for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
        for (const [method, { responses }] of Object.entries(operations)) {
          expect(responseOf(responses, 500)?.description, `${method} ${path}`).to.equal('internal_error');
        }
      }
    });

    it('its document says which deletions reach for conversations', () => {
      for (const path of [
        '/api/conversations/{id}',
        '/api/characters/{uuid}',
        '/api/clients/me',
        '/clients/me',
        '/admin/clients/{id}',
      ]) {
        const denial = responseOf(DOCUMENT.paths[path]?.['delete']?.responses ?? {}, 503);
        expect(denial?.description, path).to.contain('cache_unavailable');
      }
    });

    it('GET /docs is a page that loads everything from here', async () => {
      const page = await app.api.get('/docs');
      expect(page.status).to.equal(200);
      expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
      expectFrame(page, { headers: { 'content-security-policy': DOCS_POLICY } });
      const addresses = [...page.text.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
      expect(addresses).to.deep.equal([
        'docs/swagger-ui.css',
        'docs/favicon-32x32.png',
        'docs/swagger-ui-bundle.js',
        'docs/start.js',
      ]);
      expect(page.text).not.to.match(/https?:|\/\//);
      for (const address of addresses) {
        const asset = await app.api.get(`/${address}`);
        expect(asset.status, address).to.equal(200);
        expect(asset.text.length, address).to.be.greaterThan(50);
        // Ours changes with the service, the others with a version of Swagger UI.
        expect(asset.headers.get('cache-control'), address).to.equal(
          address === 'docs/start.js' ? 'no-store' : 'public, max-age=3600',
        );
      }
    });

    it('GET /docs has no script, style or handler of its own, which its policy would not let run', async () => {
      const { text } = await app.api.get('/docs');
      expect(text).not.to.match(/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i);
      for (const asset of ['swagger-ui-bundle.js', 'start.js']) {
        expect((await app.api.get(`/docs/${asset}`)).text).not.to.match(
          /\beval\(|createElement\("(style|script)"\)/,
        );
      }
    });

    it('GET /docs shows our document and asks no outside validator', async () => {
      const { text } = await app.api.get('/docs/start.js');
      expect(text)
        .to.match(/\burl: 'openapi\.json'/)
        .and.to.match(/\bvalidatorUrl: null\b/);
    });

    it('GET /docs/swagger-ui.css takes no font, image or sheet from outside', async () => {
      const { text } = await app.api.get('/docs/swagger-ui.css');
      expect(text).not.to.match(/url\(\s*["']?(?:https?:)?\/\/|@import/);
    });

    for (const { method, path, pathParameters } of OPERATIONS) {
      if (method !== 'GET' || pathParameters.length > 0) continue;
      it(`GET ${path} is answered whole whatever a cache says that it has`, async () => {
        const { apiKey, url } = await app.api.signUp();
        // Not by fetch, which bypasses caches when it is given a condition.
        const agent = new Agent({ keepAlive: false });
        for (const condition of ['*', '"a", *', 'W/"a"']) {
          for (const verb of ['GET', 'HEAD']) {
            const headers = {
              'x-api-key': apiKey ?? '',
              'if-none-match': condition,
              'if-modified-since': new Date(0).toUTCString(),
              ...AS_OPERATOR,
            };
            const answer = await sendRequest(url, { method: verb, path, headers }, agent);
            expect(answer.status, `${verb} ${condition}`).to.equal(200);
            expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
            expect(answer.headers['cache-control']).to.equal('no-store');
          }
        }
      });
    }

    it('the documentation takes any query, as files do', async () => {
      for (const path of ['/docs?v=1', '/docs/start.js?v=1', '/openapi.json?v=1']) {
        expect((await app.api.get(path)).status, path).to.equal(200);
      }
    });

    it('GET /docs/ leads to /docs', async () => {
      const page = await app.api.get('/docs/');
      expect(page.status).to.equal(200);
      expect(page.text).to.include('<title>FastWrap API</title>');
    });

    it('HEAD answers as GET does, without the body', async () => {
      const head = await app.api.send('HEAD', '/livez', undefined);
      expect({ status: head.status, text: head.text }).to.deep.equal({ status: 200, text: '' });
      expect(head.headers.get('content-type')).to.equal('application/json; charset=utf-8');
      expectFrame(head);
    });

    for (const path of ['/nothing', '/api', '/auth', '/docs/nothing.js', '/api/chat/x']) {
      it(`GET ${path} is not found`, async () => {
        expectProblem(await app.api.get(path), 'not_found');
      });
    }

    const allowed = (methods: readonly string[]) => [
      ...methods,
      ...(methods.includes('GET') ? ['HEAD'] : []),
      'OPTIONS',
    ];

    for (const [path, methods] of Object.entries({ ...DESCRIBED, ...PAGES })) {
      it(`${path} refuses the methods that it does not have, and names those that it has`, async () => {
        for (const method of VERBS.filter((verb) => !methods.includes(verb))) {
          const response = await app.api.send(method, path, undefined);
          expectProblem(response, 'method_not_allowed');
          expect(response.headers.get('allow')?.split(', ')).to.have.members(allowed(methods));
        }
      });
    }

    for (const [path, methods] of Object.entries({ ...DESCRIBED, ...PAGES })) {
      it(`OPTIONS ${path} names its methods`, async () => {
        const response = await app.api.send('OPTIONS', path, undefined);
        expectNoContent(response);
        expect(response.headers.get('allow')?.split(', ')).to.have.members(allowed(methods));
      });
    }
  });

  describe('the request id', () => {
    const app = useApp(storage);

    for (const id of ['a', 'Order-7.3_b:1', 'x'.repeat(128)]) {
      it(`keeps ${id.slice(0, 20)}, also in an error's body`, async () => {
        const answered = await app.api.get('/livez', { 'x-request-id': id });
        expect(answered.headers.get('x-request-id')).to.equal(id);
        const refused = await app.api.get('/api/clients/me', { 'x-request-id': id });
        expect(refused.headers.get('x-request-id')).to.equal(id);
        expect(refused.body.requestId).to.equal(id);
      });
    }

    for (const id of ['', 'x'.repeat(129), 'a b', 'a/b', 'a"b', 'é']) {
      it(`replaces ${JSON.stringify(id.slice(0, 20))}`, async () => {
        expectJson(await app.api.get('/livez', { 'x-request-id': id }), 200, { status: 'ok' });
      });
    }

    it('makes a new one for each request', async () => {
      const ids = await Promise.all([1, 2, 3].map(() => app.api.get('/livez')));
      expect(new Set(ids.map(({ headers }) => headers.get('x-request-id'))).size).to.equal(3);
    });
  });
}
