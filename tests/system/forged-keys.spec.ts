import { expect } from 'chai';
import fc from 'fast-check';
import { base62 } from '#src/adapters/crypto/base62.js';
import { HmacApiKeyMint } from '#src/adapters/crypto/hmac-api-key-mint.js';
import { MemoryClientRepository } from '#src/adapters/memory/storage/memory-client-repository.js';
import { MemoryDatabase } from '#src/adapters/memory/storage/memory-database.js';
import { Authorize } from '#src/application/access/authorize.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import type { ApiKeyVerifier } from '#src/domain/access/api-key.js';
import { STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { forgeriesOf } from '#tests/support/fixtures/forged-keys.js';

const KEY_ID = '0190c0de-1234-7abc-8def-0123456789ab';
const CLIENT_ID = '0190c0de-1234-7abc-8def-00000000000c';
const FORGERIES = 100_000;
const SEED = 20_260_101;

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

  it('are refused while the genuine one is let in, and at most 1 in 10,000 reaches the database', async () => {
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
