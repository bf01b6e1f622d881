import { expect } from 'chai';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';
import { BodySchemas } from '#src/adapters/http/openapi/body-schemas.js';
import { parseForwardedFor } from '#src/adapters/http/pipeline/address/parse-forwarded-for.js';
import { rateLimitAddress } from '#src/adapters/http/pipeline/address/rate-limit-address.js';
import { trustedProxies } from '#src/adapters/http/pipeline/address/trusted-proxies.js';
import { scanJson } from '#src/adapters/http/pipeline/body/scan-json.js';
import { parseQuery } from '#src/adapters/http/pipeline/unknown-parameters.js';
import { chunksOfEvents } from '#src/adapters/langchain/transport/bounded-body.js';
import { jsonEvents } from '#src/adapters/langchain/transport/json-events.js';
import {
  assertNoErrorBody,
  errorFromResponse,
  parseRetryAfter,
} from '#src/adapters/langchain/transport/provider-failure.js';
import { estimateTokens } from '#src/domain/models/token-estimate.js';
import { readOpenApiDocument } from '#src/infrastructure/package-files.js';
import { growth, MAX_GROWTH } from '../support/assertions/growth.js';
import { type HostileText, hostileTexts, textOfLength } from '../support/fixtures/hostile-text.js';

const SEED = 20_261_128;
const VARIANTS = 60;
const LENGTH = 4096;

type Parser = (text: string) => unknown;

const growthOf = (parse: Parser, hostile: HostileText) =>
  growth((length) => {
    const text = textOfLength(hostile, length);
    return () => parse(text);
  }, LENGTH);

async function anyGrows(parse: Parser, texts: readonly HostileText[]): Promise<boolean> {
  for (const hostile of texts) if ((await growthOf(parse, hostile)) > MAX_GROWTH) return true;
  return false;
}

const document = readOpenApiDocument();
const schemas = new BodySchemas(document);
const isTrusted = trustedProxies(['127.0.0.1', '10.0.0.0/8']);

const mint = new HmacApiKeyMint(new Uint8Array(32));

function refusedFor(error: unknown): unknown {
  try {
    assertNoErrorBody({ error });
  } catch (thrown) {
    return thrown;
  }
  return null;
}
const refused: Parser = (message) => refusedFor({ message });

async function* inPieces(text: string, bytes: number): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let start = 0; start < all.length; start += bytes) yield all.subarray(start, start + bytes);
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _item of items) count += 1;
  return count;
}

const readEvents = (text: string, bytes = 65_536) => countOf(jsonEvents(inPieces(text, bytes)));

const splitEvents = (text: string, bytes: number) => countOf(chunksOfEvents(inPieces(text, bytes)));

/** What is called with texts of callers and providers, each with what leads it into its loops. */
const PARSERS: Readonly<Record<string, readonly [Parser, readonly string[]]>> = {
  'the scan of a body': [(text) => scanJson(text, { maxDepth: 32, maxValues: 1000 }), ['"', '{"a":"', '\\']],
  'the address in X-Forwarded-For': [parseForwardedFor, ['[', '1', '::1%', '[::1%']],
  'the trust in a proxy': [isTrusted, ['[', '1', '::1%']],
  'the unit of an address': [(text) => rateLimitAddress(parseForwardedFor(text)), ['::1%', '[::1%']],
  'the wait that a provider asks for': [
    (text) => parseRetryAfter(text, text),
    ['1', ' ', 'Mon, ', '(', '2026-11-28T'],
  ],
  'the words of an error response under 200': [refused, ['context ', 'too many ', 'content_']],
  'the words of an error response': [
    (text) => errorFromResponse(new Response(text, { status: 400 })),
    ['', '{"error":"', '['],
  ],
  'an event stream': [(text) => readEvents(text), ['data: ', '\n', '\r', ':']],
  'an event stream in small pieces': [(text) => readEvents(text, 64), ['data: ', '\n', '\r', ':']],
  'an event stream for a client': [(text) => splitEvents(text, 64), ['data: ', '\n', '\r', ':']],
  'an API key': [(text) => mint.parse(text), ['fw_', 'fw_0']],
  'a query': [(text) => parseQuery(text), ['a=', '%', '&']],
  'the estimate of tokens': [estimateTokens, ['a']],
};

describe('what is read of callers and providers takes time in proportion to its length:', function () {
  this.timeout(120_000);

  for (const [name, [parse, heads]] of Object.entries(PARSERS)) {
    it(name, async () => {
      for (const hostile of hostileTexts(heads, VARIANTS, SEED)) {
        expect(await growthOf(parse, hostile), JSON.stringify(hostile)).to.be.below(MAX_GROWTH);
      }
    });
  }

  it('an API key that is far too long, which nobody looks at', () => {
    const begun = performance.now();
    for (let i = 0; i < 1000; i += 1) expect(mint.parse(`fw_${'0'.repeat(10_000)}`)).to.equal(null);
    expect(mint.parse(`fw_${'0'.repeat(10_000_000)}`)).to.equal(null);
    expect(performance.now() - begun).to.be.below(1000);
  });

  it('the words of an error response that nests', async () => {
    const nested = (depth: number) => {
      let error: unknown = 'no more words';
      const words = Array.from({ length: 400 }, () => '');
      for (let level = 0; level < depth; level += 1) error = level % 2 === 0 ? [...words, error] : { error };
      return () => refusedFor(error);
    };
    expect(await growth(nested, 100)).to.be.below(MAX_GROWTH);
  });

  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(operations)) {
      if (requestBody === undefined) continue;
      const route = path.replace(/\{(\w+)\}/g, ':$1');
      const fields = ['email', 'password', 'name', 'conversationId', 'characterId', 'message', 'model'];

      it(`the check of ${method.toUpperCase()} ${path}`, async () => {
        const check: Parser = (text) =>
          schemas.check(method, route, Object.fromEntries(fields.map((field) => [field, text])));
        for (const hostile of hostileTexts(['a@', 'a'], VARIANTS, SEED)) {
          expect(await growthOf(check, hostile), JSON.stringify(hostile)).to.be.below(MAX_GROWTH);
        }
      });
    }
  }

  for (const [name, pattern, hostile] of [
    [
      'searches an unclosed string again',
      /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs,
      { head: '"', unit: '\\"', tail: '' },
    ],
    [
      'takes the end for a quote, but not behind a backslash',
      /"(?:[^"\\]|\\.)*(?:"|$)|[{}[\]:]/gs,
      { head: '"', unit: '\\"', tail: '\\' },
    ],
  ] as const) {
    it(`which a pattern that ${name} would not`, async () => {
      const scan: Parser = (text) => [...text.matchAll(pattern)].length;
      expect(await growthOf(scan, hostile)).to.be.above(MAX_GROWTH);
      const texts = hostileTexts(['"'], VARIANTS, SEED);
      expect(await anyGrows(scan, texts)).to.equal(true);
    });
  }
});
