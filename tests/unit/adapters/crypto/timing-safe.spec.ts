import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { expect } from 'chai';
import sinon from 'sinon';
import { HashedServiceKey } from '#src/adapters/crypto/hashed-service-key.js';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';

/** No clock can show it: what is pinned is that the comparison is left to Node's, and that its answer is the one given. */
describe('secrets are compared in constant time', () => {
  let compare: sinon.SinonSpy;

  beforeEach(() => {
    compare = sinon.spy(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
  });
  afterEach(() => {
    sinon.restore();
    syncBuiltinESMExports();
  });

  for (const [name, matches] of [
    ['the service key', (text: string) => new HashedServiceKey('right').matches(text)],
    [
      'an API key',
      (text: string) => {
        const mint = new HmacApiKeyMint(new Uint8Array(32).fill(1));
        const key = mint.mint('0190c0de-1234-7abc-8def-0123456789ab');
        return mint.matches(text === 'right' ? key.text : text, key.digest);
      },
    ],
  ] as const) {
    it(`${name}, right or wrong, whatever its length`, () => {
      for (const text of ['right', 'wrong', '', 'right and more']) {
        compare.resetHistory();
        const answer = matches(text);
        expect(answer).to.equal(text === 'right');
        expect(compare.returnValues).to.deep.equal([answer]);
      }
    });
  }
});
