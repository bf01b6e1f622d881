import { expect } from 'chai';
import { addressUnit } from '#src/adapters/http/address-unit.js';
import { BodySchemas } from '#src/adapters/http/body-schemas.js';
import { namedAddress } from '#src/adapters/http/named-address.js';
import { scanJson } from '#src/adapters/http/scan-json.js';
import { trustedProxies } from '#src/adapters/http/trusted-proxies.js';
import { parseRetryAfter } from '#src/adapters/langchain/provider-failure.js';
import { estimateTokens } from '#src/domain/token-estimate.js';
import { readOpenApiDocument } from '#src/infrastructure/package-files.js';
import { growth, MOST_GROWTH } from '#tests/support/growth.js';
import { type HostileText, hostileTexts, textOfLength } from '#tests/support/hostile-text.js';

const SEED = 20_261_128;
const VARIANTS = 60;
const LENGTH = 4096;

type Parser = (text: string) => unknown;

const growthOf = (parse: Parser, hostile: HostileText) =>
  growth((length) => {
    const text = textOfLength(hostile, length);
    return () => parse(text);
  }, LENGTH);

const document = readOpenApiDocument();
const schemas = new BodySchemas(document);
const isTrusted = trustedProxies(['127.0.0.1', '10.0.0.0/8']);

/** What is called with texts of callers and providers, each with what leads it into its loops. */
const PARSERS: Readonly<Record<string, readonly [Parser, readonly string[]]>> = {
  'the scan of a body': [(text) => scanJson(text, { maxDepth: 32, maxValues: 1000 }), ['"', '{"a":"', '\\']],
  'the address in X-Forwarded-For': [namedAddress, ['[', '1', '::1%', '[::1%']],
  'the trust in a proxy': [isTrusted, ['[', '1', '::1%']],
  'the unit of an address': [(text) => addressUnit(namedAddress(text)), ['::1%', '[::1%']],
  'the wait that a provider asks for': [
    (text) => parseRetryAfter(text, text),
    ['1', ' ', 'Mon, ', '(', '2026-11-28T'],
  ],
  'the estimate of tokens': [estimateTokens, ['a']],
};

describe('what is read of callers and providers takes time in proportion to its length:', function () {
  this.timeout(120_000);

  for (const [name, [parse, heads]] of Object.entries(PARSERS)) {
    it(name, () => {
      for (const hostile of hostileTexts(heads, VARIANTS, SEED)) {
        expect(growthOf(parse, hostile), JSON.stringify(hostile)).to.be.below(MOST_GROWTH);
      }
    });
  }

  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(operations)) {
      if (requestBody === undefined) continue;
      const route = path.replace(/\{(\w+)\}/g, ':$1');
      const fields = ['email', 'password', 'name', 'conversationId', 'characterId', 'message', 'model'];

      it(`the check of ${method.toUpperCase()} ${path}`, () => {
        const check: Parser = (text) =>
          schemas.check(method, route, Object.fromEntries(fields.map((field) => [field, text])));
        for (const hostile of hostileTexts(['a@', 'a'], VARIANTS, SEED)) {
          expect(growthOf(check, hostile), JSON.stringify(hostile)).to.be.below(MOST_GROWTH);
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
    it(`which a pattern that ${name} would not`, () => {
      const scan: Parser = (text) => [...text.matchAll(pattern)].length;
      expect(growthOf(scan, hostile)).to.be.above(MOST_GROWTH);
      const texts = hostileTexts(['"'], VARIANTS, SEED);
      expect(texts.some((each) => growthOf(scan, each) > MOST_GROWTH)).to.equal(true);
    });
  }
});
