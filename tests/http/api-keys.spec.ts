import { expect } from 'chai';
import fc from 'fast-check';
import { base62 } from '#src/adapters/crypto/base62.js';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';
import { MemoryClientRepository } from '#src/adapters/memory/storage/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { Authorize } from '#src/application/access/authorize.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import type { ApiKeyMint } from '#src/application/ports/access/api-key-mint.js';
import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { API_KEYS } from '#src/infrastructure/tokens.js';
import { EXPECTED_SECURITY_HEADERS, expectProblem } from '../support/assertions/expect-response.js';
import { ManualClock } from '../support/fakes/manual-clock.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE, SQLITE_STORAGE } from '../support/fixtures/app-storages.js';
import { useApp } from '../support/fixtures/app-under-test.js';

const KEY_ID = '0190c0de-1234-7abc-8def-0123456789ab';
const CLIENT_ID = '0190c0de-1234-7abc-8def-00000000000c';
const FORGERIES = 100_000;
const SEED = 20_260_101;

/** Every way that a key is mistyped, cut, dressed up or made up. */
function forgeriesOf(genuine: string): fc.Arbitrary<string> {
  const position = fc.nat(genuine.length - 1);
  const replaceAt = (at: number, text: string) => genuine.slice(0, at) + text + genuine.slice(at + 1);
  return fc
    .oneof(
      fc
        .tuple(position, fc.nat(6))
        .map(([at, bit]) => replaceAt(at, String.fromCharCode(genuine.charCodeAt(at) ^ (1 << bit)))),
      position.map((length) => genuine.slice(0, length)),
      position.map((from) => genuine.slice(from + 1)),
      position.map((at) => replaceAt(at, '')),
      fc
        .uniqueArray(position, { minLength: 1, maxLength: 20 })
        .map((places) =>
          [...genuine]
            .map((c, at) => (places.includes(at) ? (c < 'a' ? c.toLowerCase() : c.toUpperCase()) : c))
            .join(''),
        ),
      fc
        .tuple(position, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
        .map(([at, c]) => replaceAt(at, c)),
      position.map((at) => replaceAt(at, String.fromCharCode(genuine.charCodeAt(at) + 0xfee0))),
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.string({ minLength: 1, maxLength: 9 }).map((more) => genuine + more),
      fc
        .tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.bigInt(0n, 62n ** 49n - 1n))
        .map(([id, rest]) => `fw_${id.toString(16).padStart(32, '0')}_${base62(rest, 49)}`),
      fc.bigInt(0n, 62n ** 49n - 1n).map((rest) => genuine.slice(0, 36) + base62(rest, 49)),
    )
    .filter((text) => text !== genuine);
}

/** A repository that counts how often it is asked for a key. */
class CountingClientRepository extends MemoryClientRepository {
  asked = 0;

  override findKeyVerifier(keyId: string): Promise<ApiKeyVerifier | null> {
    this.asked += 1;
    return super.findKeyVerifier(keyId);
  }
}

describe(`${FORGERIES.toLocaleString('en')} forged keys`, () => {
  const mint = new HmacApiKeyMint(new Uint8Array(32).fill(7));
  const { text: genuine, digest, lastFour } = mint.mint(KEY_ID);
  const clock = new ManualClock();
  const clients = new CountingClientRepository(new MemoryDatabase());
  const authorize = new Authorize({
    clients,
    apiKeys: mint,
    uses: new ApiKeyUses({ clients, clock }),
    serviceKey: null,
    signup: 'open',
  });

  const isRefused = (apiKey: string): Promise<boolean> =>
    authorize.execute('client', { apiKey, serviceKey: null }).then(
      () => false,
      (error: Error) => error.message === 'unauthenticated',
    );

  before(async () => {
    const createdAt = new Date(clock.now()).toISOString();
    await clients.create(
      { client: { id: CLIENT_ID, email: 'a@example.com', storeName: null, createdAt }, passwordHash: '-' },
      { id: KEY_ID, name: null, digest, lastFour, createdAt },
    );
  });

  it('are refused while the genuine one is let in, and at most 1 in 10,000 reaches the database', async function () {
    this.timeout(60_000);
    expect(await authorize.execute('client', { apiKey: genuine, serviceKey: null })).to.deep.equal({
      kind: 'client',
      clientId: CLIENT_ID,
      keyId: KEY_ID,
      ...STANDARD_TERMS,
    });
    clients.asked = 0;
    let refused = 0;
    for (const forged of fc.sample(forgeriesOf(genuine), { numRuns: FORGERIES - 1000, seed: SEED })) {
      if (await isRefused(forged)) refused += 1;
    }
    for (let i = 0; i < 1000; i += 1) {
      if (await isRefused(genuine + base62(BigInt(i), 10_000 - genuine.length))) refused += 1;
    }
    expect(refused).to.equal(FORGERIES);
    expect(clients.asked).to.be.at.most(FORGERIES / 10_000);
    expect(await authorize.execute('client', { apiKey: genuine, serviceKey: null })).to.include({
      kind: 'client',
    });
  });

  it('with a good checksum do reach it, and are refused all the same', async () => {
    clients.asked = 0;
    for (let i = 0; i < 100; i += 1) {
      expect(await isRefused(mint.mint(KEY_ID).text)).to.equal(true);
    }
    expect(clients.asked).to.equal(100);
  });
});

for (const storage of [MEMORY_STORAGE, SQLITE_STORAGE]) {
  describe(`API keys that do not count any more, on ${storage.name}`, () => {
    const app = useApp(storage);
    let owner: ApiClient;
    let mint: ApiKeyMint;

    beforeEach(async () => {
      owner = await app.api.signUp();
      mint = app.container.get(API_KEYS);
    });

    it('are refused from the next request on once they are revoked, also by many at once', async () => {
      const { id, apiKey } = (await owner.post('/api/clients/me/keys', {})).body;
      const revoked = owner.withKey(apiKey);
      expect((await revoked.get('/api/clients/me')).status).to.equal(200);
      await owner.delete(`/api/clients/me/keys/${id}`);
      const answers = await Promise.all(Array.from({ length: 20 }, () => revoked.get('/api/clients/me')));
      for (const answer of answers) expectProblem(answer, 'unauthenticated');
      expect((await owner.get('/api/clients/me')).status).to.equal(200);
    });

    it('are refused from the next request on once the account has gone', async () => {
      const second = owner.withKey((await owner.post('/api/clients/me/keys', {})).body.apiKey);
      await second.delete('/clients/me');
      for (const key of [owner, second]) {
        for (const path of ['/api/clients/me', '/api/characters', '/api/conversations/c']) {
          expectProblem(await key.get(path), 'unauthenticated');
        }
      }
    });

    it('get one answer with 500 forged ones: nothing tells why a key was refused', async () => {
      const { id, apiKey } = (await owner.post('/api/clients/me/keys', {})).body;
      await owner.delete(`/api/clients/me/keys/${id}`);
      const { data } = (await owner.get('/api/clients/me/keys')).body;
      const genuine = owner.apiKey ?? '';
      const sendable = forgeriesOf(genuine).filter((text) => /^[!-~](?:[ -~]*[!-~])?$/.test(text));
      const forged = [
        ...fc.sample(sendable, { numRuns: 397, seed: SEED }),
        apiKey,
        genuine + 'a'.repeat(10_000),
        ...Array.from({ length: 51 }, () => mint.mint(data[0].id).text),
        ...Array.from({ length: 50 }, () => mint.mint(crypto.randomUUID()).text),
      ];
      expect(forged).to.have.length(500);
      for (const text of forged) {
        const answer = await owner.withKey(text).get('/api/clients/me');
        expectProblem(answer, 'unauthenticated');
        const { requestId, ...body } = answer.body;
        expect({
          requestId: typeof requestId,
          headers: [...answer.headers.keys()].sort(),
          body,
        }).to.deep.equal({
          requestId: 'string',
          headers: [
            'cache-control',
            'connection',
            'content-length',
            'content-type',
            'date',
            'keep-alive',
            'server-timing',
            'www-authenticate',
            'x-request-id',
            ...Object.keys(EXPECTED_SECURITY_HEADERS),
          ].sort(),
          body: {
            type: 'urn:fastwrap:error:unauthenticated',
            title: 'Unauthorized',
            status: 401,
            detail: 'A valid API key is required.',
            code: 'unauthenticated',
          },
        });
      }
      expect((await owner.get('/api/clients/me')).status).to.equal(200);
    });
  });
}
