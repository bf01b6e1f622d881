import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { base62 } from '#src/adapters/crypto/base62.js';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';

const KEY_ID = '0190c0de-1234-7abc-8def-0123456789ab';
const FORGERIES_OF_EACH_SORT = 4_000;

describe('HmacApiKeyMint', () => {
  const secret = new Uint8Array(32).fill(1);
  const mint = new HmacApiKeyMint(secret);

  it('mints keys of the published form', () => {
    const { text, lastFour } = mint.mint(KEY_ID);
    const [, secretPart] =
      /^fw_0190c0de12347abc8def0123456789ab_([0-9A-Za-z]{43})[0-9A-Za-z]{6}$/.exec(text) ?? [];
    expect(secretPart?.slice(-4)).to.equal(lastFour);
  });

  it('never mints the same secret twice', () => {
    const secrets = Array.from({ length: 1_000 }, () => mint.mint(KEY_ID).text);
    expect(new Set(secrets).size).to.equal(1_000);
  });

  it('reads the id of its own keys', () => {
    for (let i = 0; i < 1_000; i += 1) expect(mint.parse(mint.mint(KEY_ID).text)).to.equal(KEY_ID);
  });

  it('keeps to its checksum: a key that was minted long ago is still read', () => {
    const text = 'fw_0190c0de12347abc8def0123456789ab_0000000000000000000000000000000000000000000';
    expect(mint.parse(`${text}1EybAm`)).to.equal(KEY_ID);
  });

  it('knows a key by its digest, an HMAC-SHA-256 of the whole text', () => {
    const key = mint.mint(KEY_ID);
    const another = mint.mint(KEY_ID);
    const expected = createHmac('sha256', secret).update(key.text).digest();
    expect(Buffer.from(key.digest).equals(expected)).to.equal(true);
    expect(mint.matches(key.text, key.digest)).to.equal(true);
    expect(mint.matches(another.text, key.digest)).to.equal(false);
    expect(mint.matches(key.text, another.digest)).to.equal(false);
  });

  it('matches nothing against a digest of another length', () => {
    const key = mint.mint(KEY_ID);
    expect(mint.matches(key.text, key.digest.slice(0, 31))).to.equal(false);
    expect(mint.matches(key.text, new Uint8Array())).to.equal(false);
  });

  it('makes digests that another secret does not know', () => {
    const key = mint.mint(KEY_ID);
    expect(new HmacApiKeyMint(new Uint8Array(32).fill(2)).matches(key.text, key.digest)).to.equal(false);
  });

  it('refuses a secret that has not 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      expect(() => new HmacApiKeyMint(new Uint8Array(length))).to.throw(RangeError, '32 bytes');
    }
  });

  it('does not read an id in capitals, so that one key has one spelling', () => {
    expect(mint.parse(mint.mint(KEY_ID.toUpperCase()).text)).to.equal(null);
  });

  describe('refuses forged keys:', () => {
    const genuine = mint.mint(KEY_ID).text;
    const position = fc.nat(genuine.length - 1);
    const replaceAt = (at: number, character: string): string =>
      genuine.slice(0, at) + character + genuine.slice(at + 1);

    const forgeries: Record<string, fc.Arbitrary<string>> = {
      'flipped bits': fc
        .tuple(position, fc.integer({ min: 1, max: 127 }))
        .map(([at, bits]) => replaceAt(at, String.fromCharCode(genuine.charCodeAt(at) ^ bits))),
      'cuts and additions': fc.oneof(
        position.map((length) => genuine.slice(0, length)),
        position.map((from) => genuine.slice(from + 1)),
        fc.string({ minLength: 1, maxLength: 12 }).map((more) => genuine + more),
        fc.string({ minLength: 1, maxLength: 12 }).map((more) => more + genuine),
        fc.constantFrom(`${genuine}\n`, ` ${genuine}`, `${genuine}\0`, `${genuine}${genuine}`),
      ),
      'changed case': fc
        .uniqueArray(position, { minLength: 1, maxLength: 85 })
        .map((places) =>
          [...genuine]
            .map((c, at) => (places.includes(at) ? (c < 'a' ? c.toLowerCase() : c.toUpperCase()) : c))
            .join(''),
        )
        .filter((text) => text !== genuine),
      'any Unicode': fc.oneof(
        fc.string({ unit: 'binary', maxLength: 120 }),
        fc
          .tuple(position, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
          .map(([at, character]) => replaceAt(at, character))
          .filter((text) => text !== genuine),
        position.map((at) => replaceAt(at, String.fromCharCode(genuine.charCodeAt(at) + 0xfee0))),
      ),
      'made up with the right form': fc
        .tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.bigInt(0n, 62n ** 49n - 1n))
        .map(([id, rest]) => `fw_${id.toString(16).padStart(32, '0')}_${base62(rest, 49)}`),
    };
    for (const [sort, arbitrary] of Object.entries(forgeries)) {
      it(sort, () => {
        const readable = fc.property(arbitrary, (text) => mint.parse(text) === null);
        fc.assert(readable, { numRuns: FORGERIES_OF_EACH_SORT, seed: 20_260_101 });
      });
    }

    it('10 kB and 10 MB', () => {
      for (let i = 0; i < 1_000; i += 1) {
        expect(mint.parse(genuine + 'a'.repeat(10_000))).to.equal(null);
      }
      expect(mint.parse(`fw_${'0'.repeat(10_000_000)}`)).to.equal(null);
    });
  });
});
