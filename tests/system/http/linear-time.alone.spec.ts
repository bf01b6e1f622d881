import { Agent } from 'node:http';
import { expect } from 'chai';
import { growth, MAX_GROWTH } from '#tests/support/assertions/growth.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { type HostileText, hostileTexts, textOfLength } from '#tests/support/fixtures/hostile-text.js';
import { sendRequest } from '#tests/support/fixtures/send-request.js';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';

const SEED = 20_261_128;
const VARIANTS = 20;
/** Eight times as much still fits into the 16 KiB that a request's head may have. */
const HEAD_LENGTH = 1800;
const BODY_LENGTH = 30_000;
const NOBODY = '0190c0de-1234-7abc-8def-0123456789ab';
const SERVICE_KEY = 'operator-key-0123456789';

/** Each with a request that comes as far as whatever reads it, and with what leads into its loops. */
const HEADERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  authorization: ['GET /api/clients/me', 'Bearer ', 'bearer'],
  'x-api-key': ['GET /api/clients/me', 'fw_0'],
  'x-fastwrap-api-key': ['GET /admin/clients', 'operator'],
  'content-type': ['POST /auth/keys', 'application/json', 'application/json; charset=utf-8'],
  'content-encoding': ['POST /auth/keys', 'gzip', 'gzip,'],
  accept: ['POST /api/chat', 'text/', 'a/b;q=', 'a/b;c="', '"'],
  'x-request-id': ['GET /livez', 'a'],
  'idempotency-key': ['POST /api/chat', 'a'],
  'x-forwarded-for': ['GET /livez', '1', '::1%', '[', '127.0.0.1,'],
  'if-none-match': ['GET /docs/swagger-ui.css', '"', 'W/', '"a",'],
  'if-modified-since': ['GET /docs/swagger-ui.css', 'Mon, ', '('],
  origin: ['OPTIONS /api/chat', 'https://'],
  'access-control-request-headers': ['OPTIONS /api/chat', 'a', 'a,'],
};

const TARGETS: Readonly<Record<string, readonly string[]>> = {
  '/': ['a', '%2F'],
  '/api/conversations/': ['a', '%2F'],
  '/api/characters/': ['0190c0de-'],
  '/api/characters?': ['limit=1', 'a', '&'],
  '/api/characters?cursor=': ['0190c0de-'],
  '/admin/clients?email=': ['a@', 'a@b.'],
  'http://': ['a', '['],
  'http://a/': ['a', '%'],
};

/** Bodies of a length, each of which gives one of the checks behind the parser the most to do. */
const BODIES: Readonly<Record<string, (length: number) => unknown>> = {
  'one long text': (length) => ({ email: 'a'.repeat(length) }),
  'long names, one within another': (length) => {
    const name = 'a'.repeat(length / 30);
    let body: unknown = 'a';
    for (let level = 0; level < 29; level += 1) body = { [name]: body };
    return body;
  },
  'many fields under a long name': (length) => ({
    ['a'.repeat(length / 2)]: Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`${index}`.padEnd(length / 2000, 'a'), '']),
    ),
  }),
  'many unknown fields': (length) =>
    Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`${index}`.padEnd(length / 1000, 'a'), 1])),
};

describe('a request takes time in proportion to its length:', function () {
  this.timeout(180_000);

  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let app: TestApp;
  let apiKey: string;

  before(async () => {
    const env = {
      FASTWRAP_API_KEY: SERVICE_KEY,
      TRUST_PROXY: '127.0.0.1,::1',
      CORS_ORIGINS: 'https://shop.example.com',
    };
    app = await startTestApp({ env });
    apiKey = (await new ApiClient(app.url).signUp()).apiKey ?? '';
  });

  after(async () => {
    agent.destroy();
    await app.stop();
  });

  const keys = (): Record<string, string> => ({ 'x-api-key': apiKey, 'x-fastwrap-api-key': SERVICE_KEY });

  async function send(
    method: string,
    path: string,
    extra: Record<string, string>,
    json: unknown,
  ): Promise<void> {
    const text = method === 'POST' ? JSON.stringify(json) : '';
    const framing: Record<string, string> =
      method === 'POST'
        ? { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(text)}` }
        : {};
    const headers = { ...framing, ...extra };
    const { status } = await sendRequest(app.url, { method, path, headers, body: text }, agent);
    expect(status, 'so long that the server reads none of it').not.to.be.oneOf([414, 431]);
  }

  async function expectLinear(
    texts: readonly HostileText[],
    send: (text: string) => Promise<void>,
  ): Promise<void> {
    expect(texts).to.have.length.greaterThan(20);
    for (const hostile of texts) {
      const grown = await growth((length) => {
        const text = textOfLength(hostile, length);
        return () => send(text);
      }, HEAD_LENGTH);
      expect(grown, JSON.stringify(hostile)).to.be.below(MAX_GROWTH);
    }
  }

  const textsOf = (heads: readonly string[], allowed: RegExp) =>
    hostileTexts(heads, VARIANTS, SEED).filter((each) => allowed.test(textOfLength(each, 30)));

  for (const [name, [request, ...heads]] of Object.entries(HEADERS)) {
    it(`the header ${name}`, () => {
      const [method = '', path = ''] = request.split(' ');
      const json = path === '/api/chat' ? { characterId: NOBODY, message: 'a' } : {};
      // One key at a time.
      const credentials = name === 'authorization' ? {} : keys();
      return expectLinear(textsOf(heads, /^[\t -~\xa0-\xff]*$/), (text) =>
        send(method, path, { ...credentials, [name]: text }, json),
      );
    });
  }

  for (const [head, heads] of Object.entries(TARGETS)) {
    it(`the target ${head}…`, () =>
      expectLinear(textsOf(heads, /^[!-~]*$/), (text) => send('GET', head + text, keys(), null)));
  }

  for (const [name, bodyOf] of Object.entries(BODIES)) {
    it(`a body with ${name}`, async () => {
      const grown = await growth((length) => {
        const body = bodyOf(length);
        return () => send('POST', '/auth/keys', {}, body);
      }, BODY_LENGTH);
      expect(grown).to.be.below(MAX_GROWTH);
    });
  }
});
