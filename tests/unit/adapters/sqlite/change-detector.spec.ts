import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { spy } from 'sinon';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteCharacterRepository } from '#src/adapters/sqlite/repositories/sqlite-character-repository.js';
import { SqliteClientRepository } from '#src/adapters/sqlite/repositories/sqlite-client-repository.js';
import { characterOf } from '#tests/contracts/client-repository.contract.js';

const AT = '2026-01-01T00:00:00.000Z';

function key(id: string) {
  return { id, name: null, digest: new Uint8Array(32), lastFour: 'abcd', createdAt: AT };
}

/** Each has connections of its own, as two processes have. */
describe('two users of one database file', () => {
  let folder: string;
  let here: SqliteDatabase;
  let there: SqliteDatabase;
  let keysHere: SqliteClientRepository;
  let keysThere: SqliteClientRepository;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fastwrap-version-'));
    here = await SqliteDatabase.open(join(folder, 'test.db'));
    there = await SqliteDatabase.open(join(folder, 'test.db'));
    keysHere = new SqliteClientRepository(here);
    keysThere = new SqliteClientRepository(there);
    const client = { id: 'client', email: 'a@example.com', storeName: null, createdAt: AT };
    await keysHere.create({ client, passwordHash: 'hash' }, key('first'));
    await keysHere.addKey('client', key('second'), { askedBy: 'first', maxUsable: 10 });
  });
  afterEach(async () => {
    await here.close();
    await there.close();
    await rm(folder, { recursive: true });
  });

  it('see their own writes with the next read', async () => {
    for (let i = 0; i < 50; i += 1) {
      const usedAt = `2026-01-01T00:01:${10 + i}`;
      await keysHere.recordKeyUses([{ clientId: 'client', keyId: 'first', usedAt }], usedAt);
      expect(await keysHere.findKeyVerifier('first')).to.include({ lastUsedAt: usedAt });
    }
  });

  it("see each other's revocation, however often they read", async () => {
    expect(await keysThere.findKeyVerifier('first')).to.include({ revokedAt: null });
    await keysHere.revokeKey('client', 'first', AT, 10);
    while ((await keysThere.findKeyVerifier('first'))?.revokedAt === null) await delay(1);
    expect(await keysThere.findKeyVerifier('first')).to.include({ revokedAt: AT });
  });

  it('find nothing of what the other has deleted, however short the time', async () => {
    const charactersHere = new SqliteCharacterRepository(here);
    const tcharactersHere = new SqliteCharacterRepository(there);
    for (let i = 0; i < 5; i += 1) {
      const character = { ...characterOf(i), createdAt: AT, updatedAt: AT };
      await charactersHere.create('client', character, 10);
      expect(await tcharactersHere.find('client', character.id)).to.include({ id: character.id });
      expect(await charactersHere.delete('client', character.id)).to.equal(true);
      expect(await tcharactersHere.find('client', character.id)).to.equal(null);
    }
    expect(await keysThere.findKeyVerifier('first')).to.include({ keyId: 'first' });
    await keysHere.delete('client');
    expect(await keysThere.findKeyVerifier('first')).to.equal(null);
  });

  it('read what they know from memory meanwhile', async () => {
    await keysThere.findKeyVerifier('first');
    const reads = spy(there, 'read');
    const beganMs = performance.now();
    for (let found = 0; found < 500; found += 1) await keysThere.findKeyVerifier('first');
    // One look at the version in a tenth of a second.
    expect(reads.callCount).to.be.at.most((performance.now() - beganMs) / 100 + 2);
  });

  it('reject once it is closed, whatever they know', async () => {
    await keysThere.findKeyVerifier('first');
    await there.close();
    const error: unknown = await keysThere.findKeyVerifier('first').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'database_unavailable');
  });
});
