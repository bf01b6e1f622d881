import { expect } from 'chai';
import type { CharacterRepository } from '#src/application/ports/storage/character-repository.js';
import type {
  ClientChanges,
  ClientRepository,
  KeyAddition,
  NewApiKey,
} from '#src/application/ports/storage/client-repository.js';
import type { ManagedClientRepository } from '#src/application/ports/storage/managed-client-repository.js';
import type { UsageRepository } from '#src/application/ports/storage/usage-repository.js';
import type { Character } from '#src/domain/characters/character.js';
import type { ClientCredentials } from '#src/domain/clients/client.js';
import { STANDARD_TERMS } from '#src/domain/clients/client-terms.js';
import { AppError, type ErrorCode } from '#src/domain/errors.js';
import { SeededRandom } from '../support/fixtures/seeded-random.js';

export interface Storage {
  readonly clients: ClientRepository;
  readonly managed: ManagedClientRepository;
  readonly characters: CharacterRepository;
  readonly usage: UsageRepository;
  close(): Promise<void>;
}

/** One way to store clients and characters, and what can go wrong with it. */
export interface StorageHarness {
  readonly name: string;
  create(): Promise<Storage>;
  /** Ways to make a storage that had answered unable to. */
  readonly outages: readonly { readonly how: string; bringAbout(storage: Storage): Promise<void> }[];
  /** For what is bounded: a storage with room for one client and one character. */
  createSmall?(): Promise<Storage>;
}

const CREATED_AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-02T00:00:00.000Z';
/** A bound that is out of the way. */
export const MANY = 1_000_000;

/** Quotes, an injection, braces, emoji with joiners, both normal forms, every control character, the last code point. */
export const AWKWARD_TEXT = `'"\`; DROP TABLE clients;-- {x} %s \\ 👩‍👩‍👧 é e\u0301 \u202e ${String.fromCharCode(...Array(32).keys())}\u007f\u{10FFFF}`;

/** A UUID that sorts by its number. */
export function idOf(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

export function credentialsOf(number: number, email = `owner${number}@example.com`): ClientCredentials {
  return {
    client: { id: idOf(number), email, storeName: `Store ${number}`, createdAt: CREATED_AT },
    passwordHash: `hash ${number}`,
  };
}

export function keyOf(number: number): NewApiKey {
  return {
    id: idOf(number),
    name: `key ${number}`,
    digest: Uint8Array.from({ length: 32 }, (_, index) => (number + index * 7) % 256),
    lastFour: String(number).padStart(4, '0').slice(-4),
    createdAt: CREATED_AT,
  };
}

/** What a key goes by that another of the same client asks for. */
export function by(number: number, maxUsable = MANY): KeyAddition {
  return { askedBy: idOf(number), maxUsable };
}

export function characterOf(number: number, traits: Partial<Character> = {}): Character {
  return {
    id: idOf(number),
    name: `Character ${number}`,
    instructions: 'Be brief.',
    greeting: 'Hello',
    model: 'some-model',
    temperature: 0.7,
    maxOutputTokens: 256,
    ttlSeconds: 300,
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
    ...traits,
  };
}

/** The code of the AppError that it rejects with; anything else fails the test. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | 'resolved'> {
  try {
    await call;
    return 'resolved';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

export function itStoresClients(harness: StorageHarness): void {
  describe(`ClientRepository: ${harness.name}`, () => {
    let storage: Storage;
    let clients: ClientRepository;

    beforeEach(async () => {
      storage = await harness.create();
      clients = storage.clients;
    });

    afterEach(async () => {
      await storage.close();
    });

    describe('clients', () => {
      it('gives back what was created, by id and by email', async () => {
        const credentials = credentialsOf(1);
        await clients.create(credentials, keyOf(11));
        expect(await clients.find(idOf(1))).to.deep.equal(credentials.client);
        expect(await clients.findCredentials(idOf(1))).to.deep.equal(credentials);
        expect(await clients.findCredentialsByEmail('owner1@example.com')).to.deep.equal(credentials);
      });

      it('keeps every text unit for unit, and null as null', async () => {
        const { client } = credentialsOf(1, `${AWKWARD_TEXT}@example.com`);
        const awkward = { client: { ...client, storeName: AWKWARD_TEXT }, passwordHash: AWKWARD_TEXT };
        await clients.create(awkward, { ...keyOf(11), name: AWKWARD_TEXT });
        await clients.create(
          { ...credentialsOf(2), client: { ...credentialsOf(2).client, storeName: null } },
          keyOf(12),
        );
        expect(await clients.findCredentials(idOf(1))).to.deep.equal(awkward);
        expect((await clients.listKeys(idOf(1)))[0]?.name).to.equal(AWKWARD_TEXT);
        expect((await clients.find(idOf(2)))?.storeName).to.equal(null);
      });

      it('answers null, false or nothing for a client that is not there', async () => {
        expect(await clients.find(idOf(1))).to.equal(null);
        expect(await clients.findCredentials(idOf(1))).to.equal(null);
        expect(await clients.findCredentialsByEmail('nobody@example.com')).to.equal(null);
        expect(await clients.update(idOf(1), { storeName: 'x' }, null)).to.equal(null);
        expect(await clients.delete(idOf(1))).to.equal(false);
        expect(await clients.addKey(idOf(1), keyOf(11), by(11))).to.equal('missing');
        expect(await clients.findKeyVerifier(idOf(11))).to.equal(null);
        expect(await clients.listKeys(idOf(1))).to.deep.equal([]);
        expect(await clients.revokeKey(idOf(1), idOf(11), LATER, MANY)).to.equal('missing');
        await clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(11), usedAt: LATER }], LATER);
      });

      it('finds an email by another spelling, and refuses the spelling as a second account', async () => {
        await clients.create(credentialsOf(1, 'José@Example.com'), keyOf(11));
        const other = 'JOSE\u0301@example.COM';
        expect((await clients.findCredentialsByEmail(other))?.client.email).to.equal('José@Example.com');
        expect(await codeOf(clients.create(credentialsOf(2, other), keyOf(12)))).to.equal('email_taken');
      });

      it('takes a domain in Unicode and in punycode for the same, and gives back the one that was written', async () => {
        const spellings = [
          'ada@Bücher.example',
          'ada@xn--bcher-kva.example',
          'ADA@bu\u0308cher\u3002example.',
        ];
        for (const [index, written] of spellings.entries()) {
          const [owner, key] = [idOf(index), keyOf(100 + index)];
          await clients.create(credentialsOf(index, written), key);
          for (const other of spellings) {
            expect((await clients.findCredentialsByEmail(other))?.client).to.include({
              id: owner,
              email: written,
            });
            expect(await codeOf(clients.create(credentialsOf(50, other), keyOf(150)))).to.equal(
              'email_taken',
            );
          }
          expect((await clients.update(owner, { email: 'ada@BÜCHER.example' }, null))?.email).to.equal(
            'ada@BÜCHER.example',
          );
          await clients.create(credentialsOf(60), keyOf(160));
          for (const email of spellings) {
            expect(await codeOf(clients.update(idOf(60), { email }, null))).to.equal('email_taken');
          }
          await clients.delete(idOf(60));
          await clients.delete(owner);
          expect(await clients.findCredentialsByEmail(written)).to.equal(null);
        }
      });

      it('leaves neither the account nor its key behind when the email is taken', async () => {
        await clients.create(credentialsOf(1, 'a@example.com'), keyOf(11));
        await codeOf(clients.create(credentialsOf(2, 'a@example.com'), keyOf(12)));
        expect(await clients.find(idOf(2))).to.equal(null);
        expect(await clients.findKeyVerifier(idOf(12))).to.equal(null);
        expect((await clients.findCredentialsByEmail('a@example.com'))?.client.id).to.equal(idOf(1));
      });

      it('lets exactly one of 50 parallel signups have an email', async () => {
        const calls = Array.from({ length: 50 }, (_, index) =>
          codeOf(clients.create(credentialsOf(index, 'a@example.com'), keyOf(100 + index))),
        );
        const codes = await Promise.all(calls);
        expect(codes.filter((code) => code === 'resolved')).to.have.length(1);
        expect(codes.filter((code) => code === 'email_taken')).to.have.length(49);
        const winner = codes.indexOf('resolved');
        expect((await clients.findCredentialsByEmail('a@example.com'))?.client.id).to.equal(idOf(winner));
        expect((await clients.findKeyVerifier(idOf(100 + winner)))?.clientId).to.equal(idOf(winner));
      });

      it('changes the named fields alone and answers the client afterwards', async () => {
        const { client } = credentialsOf(1);
        await clients.create(credentialsOf(1), keyOf(11));
        await clients.create(credentialsOf(2), keyOf(12));
        expect(await clients.update(idOf(1), {}, null)).to.deep.equal(client);
        expect(await clients.update(idOf(1), { storeName: null }, null)).to.deep.equal({
          ...client,
          storeName: null,
        });
        expect(await clients.update(idOf(1), { email: 'New@example.com' }, null)).to.deep.equal({
          ...client,
          email: 'New@example.com',
          storeName: null,
        });
        await clients.update(idOf(1), { passwordHash: 'new hash' }, null);
        expect(await clients.findCredentialsByEmail('new@example.com')).to.deep.equal({
          client: { ...client, email: 'New@example.com', storeName: null },
          passwordHash: 'new hash',
        });
        expect(await clients.findCredentials(idOf(2))).to.deep.equal(credentialsOf(2));
      });

      it('takes a field that is there but undefined as not named', async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        const changes: ClientChanges = {};
        for (const field of ['email', 'storeName', 'passwordHash']) {
          Object.defineProperty(changes, field, { value: undefined, enumerable: true });
        }
        await clients.update(idOf(1), changes, null);
        expect(await clients.findCredentials(idOf(1))).to.deep.equal(credentialsOf(1));
      });

      it('frees the old email on a change, and takes a new spelling of the own one', async () => {
        await clients.create(credentialsOf(1, 'a@example.com'), keyOf(11));
        expect((await clients.update(idOf(1), { email: 'A@Example.com' }, null))?.email).to.equal(
          'A@Example.com',
        );
        await clients.update(idOf(1), { email: 'b@example.com' }, null);
        expect(await clients.findCredentialsByEmail('a@example.com')).to.equal(null);
        await clients.create(credentialsOf(2, 'a@example.com'), keyOf(12));
        expect((await clients.findCredentialsByEmail('a@example.com'))?.client.id).to.equal(idOf(2));
      });

      it('changes nothing by what is verified no longer, email or password', async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        const verified = { email: 'owner1@example.com', passwordHash: 'hash 1' };
        for (const stale of [
          { ...verified, email: 'Owner1@example.com' },
          { ...verified, passwordHash: 'hash 0' },
        ]) {
          expect(await codeOf(clients.update(idOf(1), { passwordHash: 'x' }, stale))).to.equal(
            'account_changed',
          );
        }
        expect(await clients.findCredentials(idOf(1))).to.deep.equal(credentialsOf(1));
        expect(await clients.update(idOf(1), {}, verified)).to.deep.equal(credentialsOf(1).client);
        expect(await clients.update(idOf(2), {}, verified)).to.equal(null);
      });

      it('lets one of many changes by the same proof happen, and no key behind it, in 40 seeded orders', async () => {
        for (let seed = 0; seed < 40; seed += 1) {
          const random = new SeededRandom(seed);
          const [owner, before] = [1000 + seed, `hash ${1000 + seed}`];
          await clients.create(credentialsOf(owner), keyOf(2000 + seed));
          const verified = { email: `owner${owner}@example.com`, passwordHash: before };
          const happened: string[] = [];
          const note = (name: string) => (outcome: unknown) =>
            happened.push(`${name} ${outcome === null || outcome === 'changed' ? 'no' : 'yes'}`);
          const refused = (name: string) => () => happened.push(`${name} no`);
          const change = (name: string, passwordHash: string) => () =>
            clients.update(idOf(owner), { passwordHash }, verified).then(note(name), refused(name));
          const recover = () =>
            clients
              .recoverKey(idOf(owner), keyOf(3000 + seed), {
                passwordHash: before,
                maxUsable: 100,
                sparedSince: LATER,
                unknownUseAt: CREATED_AT,
                revokedAt: LATER,
                maxRevokedKept: 100,
              })
              .then(note('key'));
          const email = () =>
            clients
              .update(idOf(owner), { email: `other${owner}@example.com` }, verified)
              .then(note('change'), refused('change'));
          const calls = random.sample(
            [change('change', 'first'), change('change', 'second'), email, recover],
            4,
          );
          await Promise.all(
            calls.map(async (call) => {
              for (let turn = random.between(0, 3); turn > 0; turn -= 1) await new Promise(setImmediate);
              await call();
            }),
          );
          expect(happened.filter((line) => line === 'change yes')).to.have.length(1);
          const { passwordHash } = (await clients.findCredentials(idOf(owner))) ?? {};
          const keys = await clients.listKeys(idOf(owner));
          expect(keys.length).to.equal(happened.includes('key yes') ? 2 : 1);
          const isLate = happened.indexOf('key yes') > happened.indexOf('change yes');
          if (passwordHash !== before) expect(isLate).to.equal(false);
        }
      });

      it('refuses a change to a taken email and then changes nothing', async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        await clients.create(credentialsOf(2), keyOf(12));
        const change = { email: 'OWNER1@example.com', storeName: 'x', passwordHash: 'y' };
        expect(await codeOf(clients.update(idOf(2), change, null))).to.equal('email_taken');
        expect(await clients.findCredentials(idOf(2))).to.deep.equal(credentialsOf(2));
        expect(await clients.findCredentialsByEmail('owner2@example.com')).to.deep.equal(credentialsOf(2));
        expect(await clients.update(idOf(3), { email: 'owner1@example.com' }, null)).to.equal(null);
      });

      it('deletes the account with its keys and characters, once, and nobody else', async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        await clients.addKey(idOf(1), keyOf(13), by(11));
        await clients.create(credentialsOf(2), keyOf(12));
        await storage.characters.create(idOf(1), characterOf(21), MANY);
        await storage.characters.create(idOf(2), characterOf(22), MANY);
        expect(await clients.delete(idOf(1))).to.equal(true);
        expect(await clients.delete(idOf(1))).to.equal(false);
        expect(await clients.find(idOf(1))).to.equal(null);
        expect(await clients.findCredentialsByEmail('owner1@example.com')).to.equal(null);
        expect(await clients.findKeyVerifier(idOf(11))).to.equal(null);
        expect(await clients.findKeyVerifier(idOf(13))).to.equal(null);
        expect(await clients.listKeys(idOf(1))).to.deep.equal([]);
        expect(await storage.characters.find(idOf(1), idOf(21))).to.equal(null);
        expect(await storage.characters.create(idOf(1), characterOf(23), MANY)).to.equal('missing');
        expect(await storage.characters.find(idOf(2), idOf(22))).to.deep.equal(characterOf(22));
        expect((await clients.findKeyVerifier(idOf(12)))?.clientId).to.equal(idOf(2));
      });

      it('leaves nothing for a new account with the same email and id', async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        await storage.characters.create(idOf(1), characterOf(21), MANY);
        await clients.delete(idOf(1));
        await clients.create(credentialsOf(1), keyOf(12));
        expect((await clients.listKeys(idOf(1))).map((key) => key.id)).to.deep.equal([idOf(12)]);
        expect((await storage.characters.list(idOf(1), 10, null)).characters).to.deep.equal([]);
      });
    });

    describe('keys', () => {
      beforeEach(async () => {
        await clients.create(credentialsOf(1), keyOf(11));
      });

      it('finds what checks a key by the id alone, its digest byte for byte', async () => {
        const verifier = await clients.findKeyVerifier(idOf(11));
        expect(verifier).to.deep.include({
          keyId: idOf(11),
          clientId: idOf(1),
          lastUsedAt: null,
          revokedAt: null,
          suspendedAt: null,
          ...STANDARD_TERMS,
        });
        expect([...(verifier?.digest ?? [])]).to.deep.equal([...keyOf(11).digest]);
      });

      it('finds many verifiers at once, each the same as alone, and leaves out those that are gone', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.revokeKey(idOf(1), idOf(12), LATER, MANY);
        const found = await clients.findKeyVerifiers([11, 99, 12, 21].map(idOf));
        const alone = await Promise.all([11, 12, 21].map((number) => clients.findKeyVerifier(idOf(number))));
        expect(found.sort((a, b) => (a.keyId < b.keyId ? -1 : 1))).to.deep.equal(alone);
        expect(await clients.findKeyVerifiers([])).to.deep.equal([]);
      });

      it('lists keys oldest first, without their digests', async () => {
        await clients.addKey(idOf(1), { ...keyOf(13), name: null, createdAt: LATER }, by(11));
        await clients.addKey(idOf(1), keyOf(12), by(11));
        const { digest: _, ...shown } = keyOf(11);
        const fresh = { lastUsedAt: null, revokedAt: null };
        expect(await clients.listKeys(idOf(1))).to.deep.equal([
          { ...shown, ...fresh },
          { id: idOf(12), name: 'key 12', lastFour: '0012', createdAt: CREATED_AT, ...fresh },
          { id: idOf(13), name: null, lastFour: '0013', createdAt: LATER, ...fresh },
        ]);
      });

      it('revokes a key, keeps its first time of revocation, and still finds and lists it', async () => {
        await clients.addKey(idOf(1), keyOf(12), by(11));
        expect(await clients.revokeKey(idOf(1), idOf(11), CREATED_AT, MANY)).to.equal('revoked');
        expect(await clients.revokeKey(idOf(1), idOf(11), LATER, MANY)).to.equal('revoked');
        expect((await clients.findKeyVerifier(idOf(11)))?.revokedAt).to.equal(CREATED_AT);
        expect((await clients.listKeys(idOf(1))).map((key) => key.revokedAt)).to.deep.equal([
          CREATED_AT,
          null,
        ]);
      });

      it('keeps the last usable key, however many revoked ones and keys of others there are', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.revokeKey(idOf(1), idOf(11), LATER, MANY);
        expect(await clients.revokeKey(idOf(1), idOf(12), LATER, MANY)).to.equal('last');
        expect((await clients.findKeyVerifier(idOf(12)))?.revokedAt).to.equal(null);
        expect(await clients.revokeKey(idOf(1), idOf(11), LATER, MANY)).to.equal('revoked');
      });

      it('lets two parallel revocations of the last two keys revoke one, in each of 20 rounds', async () => {
        for (let round = 0; round < 20; round += 1) {
          const [owner, first, second] = [1000 + round, 2000 + round, 3000 + round];
          await clients.create(credentialsOf(owner), keyOf(first));
          await clients.addKey(idOf(owner), keyOf(second), by(first));
          const outcomes = await Promise.all([
            clients.revokeKey(idOf(owner), idOf(first), LATER, MANY),
            clients.revokeKey(idOf(owner), idOf(second), LATER, MANY),
          ]);
          expect(outcomes.sort()).to.deep.equal(['last', 'revoked']);
          const usable = (await clients.listKeys(idOf(owner))).filter((key) => key.revokedAt === null);
          expect(usable).to.have.length(1);
        }
      });

      it('gives one client no hold on the keys of another', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.addKey(idOf(2), keyOf(22), by(21));
        const before = await clients.listKeys(idOf(1));
        expect(await clients.revokeKey(idOf(2), idOf(11), LATER, MANY)).to.equal('missing');
        await clients.recordKeyUses([{ clientId: idOf(2), keyId: idOf(11), usedAt: LATER }], LATER);
        expect(await clients.listKeys(idOf(1))).to.deep.equal(before);
        expect((await clients.listKeys(idOf(2))).map((key) => key.id)).to.deep.equal([idOf(21), idOf(22)]);
      });

      it('records uses, never backwards, and passes over keys that are gone', async () => {
        const [early, late] = ['2026-01-03T00:00:00.000Z', '2026-01-03T00:01:00.000Z'];
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.recordKeyUses(
          [
            { clientId: idOf(1), keyId: idOf(11), usedAt: late },
            { clientId: idOf(1), keyId: idOf(11), usedAt: early },
            { clientId: idOf(1), keyId: idOf(99), usedAt: late },
            { clientId: idOf(98), keyId: idOf(97), usedAt: late },
            { clientId: idOf(1), keyId: idOf(12), usedAt: early },
          ],
          late,
        );
        expect((await clients.listKeys(idOf(1))).map((key) => key.lastUsedAt)).to.deep.equal([late, early]);
        await clients.recordKeyUses(
          [
            { clientId: idOf(1), keyId: idOf(11), usedAt: early },
            { clientId: idOf(1), keyId: idOf(12), usedAt: early },
            { clientId: idOf(1), keyId: idOf(12), usedAt: late },
          ],
          late,
        );
        await clients.recordKeyUses([], late);
        expect((await clients.listKeys(idOf(1))).map((key) => key.lastUsedAt)).to.deep.equal([late, late]);
        expect((await clients.findKeyVerifier(idOf(12)))?.lastUsedAt).to.equal(late);
      });

      it('takes a time after now for one of a clock that was ahead: it moves back, and none is recorded', async () => {
        const [now, ahead] = [LATER, '2026-02-11T00:00:00.000Z'];
        const useAt = (usedAt: string, at: string) =>
          clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(11), usedAt }], at);
        const lastUse = async () => (await clients.findKeyVerifier(idOf(11)))?.lastUsedAt;
        await useAt(ahead, ahead);
        expect(await lastUse()).to.equal(ahead);
        await useAt(now, now);
        expect(await lastUse()).to.equal(now);
        await useAt(ahead, '2026-01-03T00:00:00.000Z');
        expect(await lastUse()).to.equal('2026-01-03T00:00:00.000Z');
      });

      it('makes room with a key used at an unknown time after those long unused and before those in use', async () => {
        const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}T00:00:00.000Z`;
        const use = (number: number, on: number) =>
          clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(number), usedAt: day(on) }], day(on));
        const recover = (number: number) =>
          clients.recoverKey(
            idOf(1),
            { ...keyOf(number), createdAt: day(20) },
            {
              passwordHash: 'hash 1',
              maxUsable: 3,
              sparedSince: day(10),
              revokedAt: day(10),
              unknownUseAt: day(8),
              maxRevokedKept: 10,
            },
          );
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.addKey(idOf(1), keyOf(13), by(11));
        await use(11, 30);
        await use(12, 9);
        await use(13, 7);
        expect(await recover(14)).to.deep.equal([idOf(13)]);
        expect(await recover(15)).to.deep.equal([idOf(11)]);
        expect(await recover(16)).to.deep.equal([idOf(12)]);
      });

      it('keeps all of 50 keys that are added at the same time', async () => {
        const added = await Promise.all(
          Array.from({ length: 50 }, (_, index) => clients.addKey(idOf(1), keyOf(100 + index), by(11))),
        );
        expect(new Set(added)).to.deep.equal(new Set(['added']));
        expect(await clients.listKeys(idOf(1))).to.have.length(51);
      });

      it('adds no more usable keys than the maximum, the first one included, and nothing of one too many', async () => {
        expect(await clients.addKey(idOf(1), keyOf(12), by(11, 3))).to.equal('added');
        expect(await clients.addKey(idOf(1), keyOf(13), by(11, 3))).to.equal('added');
        const before = await clients.listKeys(idOf(1));
        for (const max of [3, 2])
          expect(await clients.addKey(idOf(1), keyOf(14), by(11, max))).to.equal('full');
        expect(await clients.findKeyVerifier(idOf(14))).to.equal(null);
        expect(await clients.listKeys(idOf(1))).to.deep.equal(before);
        expect(await clients.addKey(idOf(1), keyOf(14), by(11, 4))).to.equal('added');
      });

      it('makes room for a recovered key: never used first, the oldest of them, then unused for longest', async () => {
        const day = (number: number) => `2026-03-0${number}T00:00:00.000Z`;
        const recover = (number: number, passwordHash = 'hash 1') =>
          clients.recoverKey(
            idOf(1),
            { ...keyOf(number), createdAt: day(number - 10) },
            {
              passwordHash,
              maxUsable: 4,
              sparedSince: day(9),
              revokedAt: day(9),
              unknownUseAt: CREATED_AT,
              maxRevokedKept: 2,
            },
          );
        const use = (number: number, on: number) =>
          clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(number), usedAt: day(on) }], day(9));
        for (const number of [12, 13, 14]) expect(await recover(number)).to.deep.equal([]);
        await use(11, 2);
        await use(13, 1);
        expect(await recover(15, 'hash 0')).to.equal('changed');
        expect(await recover(15)).to.deep.equal([idOf(12)]);
        expect(await recover(16)).to.deep.equal([idOf(14)]);
        await use(15, 8);
        await use(16, 7);
        expect(await recover(17)).to.deep.equal([idOf(13)]);
        const kept = await clients.listKeys(idOf(1));
        expect(kept.filter((key) => key.revokedAt === null).map((key) => key.id)).to.deep.equal(
          [11, 15, 16, 17].map(idOf),
        );
        expect(kept.filter((key) => key.revokedAt !== null)).to.have.length(2);
        expect(await clients.findKeyVerifier(idOf(12))).to.equal(null);
      });

      it('lets a key that is young give way only where all are, the oldest of them', async () => {
        const minute = (number: number) => `2026-03-01T00:${String(number).padStart(2, '0')}:00.000Z`;
        const recover = (number: number, at: number) =>
          clients.recoverKey(
            idOf(1),
            { ...keyOf(number), createdAt: minute(at) },
            {
              passwordHash: 'hash 1',
              maxUsable: 3,
              sparedSince: minute(at - 1),
              unknownUseAt: CREATED_AT,
              revokedAt: minute(at),
              maxRevokedKept: 10,
            },
          );
        const use = (number: number, at: number) =>
          clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(number), usedAt: minute(at) }], minute(at));
        await clients.addKey(idOf(1), keyOf(12), by(11));
        await clients.addKey(idOf(1), keyOf(13), by(11));
        for (const number of [11, 12, 13]) await use(number, number - 10);
        expect(await recover(14, 10)).to.deep.equal([idOf(11)]);
        expect(await recover(15, 10)).to.deep.equal([idOf(12)]);
        expect(await recover(16, 11)).to.deep.equal([idOf(13)]);
        expect(await recover(17, 11)).to.deep.equal([idOf(14)]);
        await use(16, 12);
        await use(17, 12);
        expect(await recover(18, 13)).to.deep.equal([idOf(15)]);
      });

      it('of 20 recoveries at once, with all keys in use, takes no key back that another has just returned', async () => {
        for (let number = 12; number <= 40; number += 1) await clients.addKey(idOf(1), keyOf(number), by(11));
        for (let number = 11; number <= 40; number += 1) {
          await clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(number), usedAt: LATER }], LATER);
        }
        const recovery = {
          passwordHash: 'hash 1',
          maxUsable: 30,
          sparedSince: LATER,
          unknownUseAt: CREATED_AT,
          revokedAt: LATER,
          maxRevokedKept: 100,
        };
        const numbers = Array.from({ length: 20 }, (_, index) => 100 + index);
        await Promise.all(
          numbers.map((number) =>
            clients.recoverKey(idOf(1), { ...keyOf(number), createdAt: LATER }, recovery),
          ),
        );
        const usable = (await clients.listKeys(idOf(1))).filter((key) => key.revokedAt === null);
        expect(usable).to.have.length(30);
        expect(usable.map(({ id }) => id)).to.include.members(numbers.map(idOf));
      });

      const ASKED: readonly [string, (asker: number) => Promise<unknown>, () => Promise<unknown>][] = [
        [
          'revokes no other key',
          (asker) => clients.revokeKey(idOf(1), idOf(11), LATER, MANY, idOf(asker)),
          () => clients.listKeys(idOf(1)),
        ],
        [
          'deletes no account',
          (asker) => clients.delete(idOf(1), idOf(asker)),
          () => clients.findCredentials(idOf(1)),
        ],
        [
          'changes nothing that needs no password',
          (asker) => clients.update(idOf(1), { storeName: 'x' }, null, idOf(asker)),
          () => clients.find(idOf(1)),
        ],
        [
          'changes nothing that was proven by the password',
          (asker) =>
            clients.update(
              idOf(1),
              { passwordHash: 'x' },
              { email: credentialsOf(1).client.email, passwordHash: 'hash 1' },
              idOf(asker),
            ),
          () => clients.findCredentials(idOf(1)),
        ],
      ];
      for (const [what, ask, look] of ASKED) {
        it(`${what} once the asking key lets nobody in any more`, async () => {
          await clients.create(credentialsOf(2), keyOf(21));
          await clients.addKey(idOf(1), keyOf(12), by(11));
          await clients.addKey(idOf(1), keyOf(13), by(11));
          await clients.revokeKey(idOf(1), idOf(13), LATER, MANY);
          const before = await look();
          for (const asker of [13, 21, 99]) expect(await codeOf(ask(asker))).to.equal('unauthenticated');
          await storage.managed.update(idOf(1), { suspendedAt: LATER });
          expect(await codeOf(ask(12))).to.equal('forbidden');
          expect(await look()).to.deep.equal(before);
          await storage.managed.update(idOf(1), { suspendedAt: null });
          await ask(12);
          expect(await look()).not.to.deep.equal(before);
        });
      }

      it('lets of two keys that revoke each other at once one do so, in each of 20 rounds', async () => {
        for (let round = 0; round < 20; round += 1) {
          const [owner, first, second] = [1000 + round, 2000 + round, 3000 + round];
          await clients.create(credentialsOf(owner), keyOf(first));
          await clients.addKey(idOf(owner), keyOf(second), by(first));
          await clients.addKey(idOf(owner), keyOf(4000 + round), by(first));
          const revoke = (number: number, asker: number) =>
            clients.revokeKey(idOf(owner), idOf(number), LATER, MANY, idOf(asker)).catch(({ code }) => code);
          const outcomes = await Promise.all([revoke(first, second), revoke(second, first)]);
          expect(outcomes.sort()).to.deep.equal(['revoked', 'unauthenticated']);
        }
      });

      const ENDS: readonly [
        string,
        'missing' | 'suspended',
        'changed' | 'suspended' | null,
        (owner: number) => Promise<unknown>,
      ][] = [
        [
          'is revoked',
          'missing',
          null,
          (owner) => clients.revokeKey(idOf(owner), idOf(owner + 100), LATER, MANY),
        ],
        [
          "is its client's, who is suspended",
          'suspended',
          'suspended',
          (owner) => storage.managed.update(idOf(owner), { suspendedAt: LATER }),
        ],
        ["is its client's, who is deleted", 'missing', 'changed', (owner) => clients.delete(idOf(owner))],
      ];
      for (const [what, ofAddition, ofRecovery, end] of ENDS) {
        it(`brings forth no key once the asking one ${what}, in 30 seeded orders`, async () => {
          for (let seed = 0; seed < 30; seed += 1) {
            const random = new SeededRandom(seed);
            const owner = 1000 + seed;
            await clients.create(credentialsOf(owner), keyOf(owner + 100));
            await clients.addKey(idOf(owner), keyOf(owner + 200), by(owner + 100));
            const happened: string[] = [];
            const recovery = {
              passwordHash: `hash ${owner}`,
              maxUsable: MANY,
              sparedSince: LATER,
              unknownUseAt: CREATED_AT,
              revokedAt: LATER,
              maxRevokedKept: MANY,
            };
            const steps = [
              async () => {
                await end(owner);
                happened.push('ended');
              },
              async () => {
                const wasOver = happened.includes('ended');
                const outcome = await clients.addKey(idOf(owner), keyOf(owner + 300), by(owner + 100));
                expect(outcome).to.be.oneOf(wasOver ? [ofAddition] : [ofAddition, 'added']);
                if (outcome === 'added') happened.push('made');
              },
              async () => {
                const wasOver = happened.includes('ended');
                const outcome = await clients.recoverKey(idOf(owner), keyOf(owner + 400), recovery);
                const isRefused = typeof outcome === 'string';
                if (wasOver && ofRecovery !== null) expect(outcome).to.equal(ofRecovery);
                if (!isRefused) happened.push('made');
              },
            ];
            const isParallel = random.between(0, 1) === 0;
            const calls = random.sample(steps, 3);
            if (isParallel) await Promise.all(calls.map((call) => call()));
            else for (const call of calls) await call();
            const made = happened.filter((line) => line === 'made').length;
            const kept = (await clients.listKeys(idOf(owner))).length;
            expect(kept).to.equal((await clients.find(idOf(owner))) === null ? 0 : 2 + made);
          }
        });
      }

      it('adds no key that the key of another client asks for, or none', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        for (const asking of [21, 99]) {
          expect(await clients.addKey(idOf(1), keyOf(12), by(asking))).to.equal('missing');
        }
        expect(await clients.findKeyVerifier(idOf(12))).to.equal(null);
      });

      it('counts neither revoked keys nor those of others', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        await clients.addKey(idOf(1), keyOf(12), by(11, 2));
        expect(await clients.addKey(idOf(1), keyOf(13), by(11, 2))).to.equal('full');
        expect(await clients.addKey(idOf(2), keyOf(22), by(21, 2))).to.equal('added');
        await clients.revokeKey(idOf(1), idOf(11), LATER, MANY);
        expect(await clients.addKey(idOf(1), keyOf(13), by(12, 2))).to.equal('added');
        expect(await clients.listKeys(idOf(1))).to.have.length(3);
      });

      it('has exactly 100 usable keys when 120 are added at the same time under that bound', async () => {
        const results = await Promise.all(
          Array.from({ length: 120 }, (_, index) => clients.addKey(idOf(1), keyOf(100 + index), by(11, 100))),
        );
        expect(results.filter((result) => result === 'added')).to.have.length(99);
        expect(results.filter((result) => result === 'full')).to.have.length(21);
        expect(await clients.listKeys(idOf(1))).to.have.length(100);
      });

      it('forgets all but the newest revoked keys when another is revoked, and no usable or foreign one', async () => {
        await clients.create(credentialsOf(2), keyOf(21));
        await clients.addKey(idOf(2), keyOf(22), by(21));
        await clients.revokeKey(idOf(2), idOf(21), CREATED_AT, 2);
        for (const number of [12, 13, 14, 15]) await clients.addKey(idOf(1), keyOf(number), by(11));
        const revoke = async (number: number, day: number) => {
          const revokedAt = `2026-02-0${day}T00:00:00.000Z`;
          expect(await clients.revokeKey(idOf(1), idOf(number), revokedAt, 2)).to.equal('revoked');
        };
        const kept = async () => (await clients.listKeys(idOf(1))).map((key) => key.id);
        await revoke(15, 1);
        await revoke(13, 3);
        expect(await kept()).to.deep.equal([11, 12, 13, 14, 15].map(idOf));
        await revoke(11, 2);
        expect(await kept()).to.deep.equal([11, 12, 13, 14].map(idOf));
        expect(await clients.findKeyVerifier(idOf(15))).to.equal(null);
        expect(await clients.revokeKey(idOf(1), idOf(15), LATER, 2)).to.equal('missing');
        await revoke(12, 3);
        expect(await kept()).to.deep.equal([12, 13, 14].map(idOf));
        expect(await clients.revokeKey(idOf(1), idOf(14), LATER, 1)).to.equal('last');
        expect(await kept()).to.deep.equal([12, 13, 14].map(idOf));
        expect(await clients.listKeys(idOf(2))).to.have.length(2);
      });

      it('keeps the one that was made last of keys that were revoked at the same time', async () => {
        for (const number of [12, 13, 14]) await clients.addKey(idOf(1), keyOf(number), by(11));
        for (const number of [13, 12, 11]) await clients.revokeKey(idOf(1), idOf(number), LATER, 1);
        expect((await clients.listKeys(idOf(1))).map((key) => key.id)).to.deep.equal([13, 14].map(idOf));
      });
    });

    it('shares no object with its callers', async () => {
      const credentials = credentialsOf(1);
      const key = keyOf(11);
      await clients.create(credentials, key);
      Object.assign(credentials.client, { email: 'changed' });
      key.digest.fill(0);
      const ways = [
        () => clients.find(idOf(1)),
        async () => (await clients.findCredentials(idOf(1)))?.client,
        async () => (await clients.findCredentialsByEmail('owner1@example.com'))?.client,
        () => clients.update(idOf(1), {}, null),
      ];
      for (const way of [...ways, ...ways]) {
        const client = await way();
        expect(client).to.deep.equal(credentialsOf(1).client);
        Object.assign(client ?? {}, { email: 'changed' });
      }
      for (let round = 0; round < 2; round += 1) {
        const verifier = await clients.findKeyVerifier(idOf(11));
        expect([...(verifier?.digest ?? [])]).to.deep.equal([...keyOf(11).digest]);
        verifier?.digest.fill(0);
        const keys = await clients.listKeys(idOf(1));
        expect(keys.map((each) => each.name)).to.deep.equal(['key 11']);
        Object.assign(keys.pop() ?? {}, { name: 'changed' });
      }
    });

    it('says that it answers', async () => {
      await clients.check();
    });

    for (const { how, bringAbout } of harness.outages) {
      it(`rejects every call with database_unavailable when ${how}`, async () => {
        await clients.create(credentialsOf(1), keyOf(11));
        await bringAbout(storage);
        const calls = [
          clients.create(credentialsOf(2), keyOf(12)),
          clients.find(idOf(1)),
          clients.findCredentials(idOf(1)),
          clients.findCredentialsByEmail('owner1@example.com'),
          clients.update(idOf(1), { storeName: 'x' }, null),
          clients.delete(idOf(1)),
          clients.addKey(idOf(1), keyOf(13), by(11)),
          clients.listKeys(idOf(1)),
          clients.findKeyVerifier(idOf(11)),
          clients.findKeyVerifiers([idOf(11)]),
          clients.revokeKey(idOf(1), idOf(11), LATER, MANY),
          clients.recordKeyUses([{ clientId: idOf(1), keyId: idOf(11), usedAt: LATER }], LATER),
          clients.check(),
        ];
        const codes = await Promise.all(calls.map(codeOf));
        expect(codes).to.deep.equal(calls.map(() => 'database_unavailable'));
      });
    }

    if (harness.createSmall !== undefined) {
      const { createSmall } = harness;

      it('refuses with overloaded what there is no room for, and changes nothing', async () => {
        const small = await createSmall();
        await small.clients.create(credentialsOf(1), keyOf(11));
        const denial: unknown = await small.clients
          .create(credentialsOf(2), keyOf(21))
          .catch((error: unknown) => error);
        expect(denial).to.include({ code: 'overloaded', retryAfterSeconds: null });
        expect(
          await codeOf(small.clients.create(credentialsOf(3, 'owner1@example.com'), keyOf(31))),
        ).to.equal('email_taken');
        expect(await small.clients.findCredentialsByEmail('owner2@example.com')).to.equal(null);
        expect(await small.clients.findKeyVerifier(idOf(21))).to.equal(null);
        await small.clients.delete(idOf(1));
        await small.clients.create(credentialsOf(2), keyOf(21));
        await small.close();
      });
    }
  });
}
