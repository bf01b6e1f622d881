import { expect } from 'chai';
import type { CharacterRepository } from '#src/application/ports/storage/character-repository.js';
import type { CharacterTraits } from '#src/domain/characters/character.js';
import {
  AWKWARD_TEXT,
  characterOf,
  codeOf,
  credentialsOf,
  idOf,
  keyOf,
  MANY,
  type Storage,
  type StorageHarness,
} from './client-repository.contract.js';

const LATER = '2026-01-02T00:00:00.000Z';
const OWNER = idOf(1);
const OTHER = idOf(2);

export function itStoresCharacters(harness: StorageHarness): void {
  describe(`CharacterRepository: ${harness.name}`, () => {
    let storage: Storage;
    let characters: CharacterRepository;

    beforeEach(async () => {
      storage = await harness.create();
      characters = storage.characters;
      await storage.clients.create(credentialsOf(1), keyOf(11));
      await storage.clients.create(credentialsOf(2), keyOf(12));
    });

    afterEach(async () => {
      await storage.close();
    });

    it('gives back what was created', async () => {
      expect(await characters.create(OWNER, characterOf(21), MANY)).to.equal('created');
      expect(await characters.find(OWNER, idOf(21))).to.deep.equal(characterOf(21));
    });

    it('keeps every text unit for unit, the ends of every number, and null as null', async () => {
      const long = AWKWARD_TEXT.repeat(200);
      const all = [
        characterOf(21, {
          name: AWKWARD_TEXT,
          instructions: long,
          greeting: AWKWARD_TEXT,
          model: AWKWARD_TEXT,
        }),
        characterOf(22, { greeting: null, model: null, temperature: null, maxOutputTokens: null }),
        characterOf(23, { temperature: 0, maxOutputTokens: 1, ttlSeconds: 10, greeting: '' }),
        characterOf(24, { temperature: 2, maxOutputTokens: 2 ** 40, ttlSeconds: 86_400 }),
        characterOf(25, { temperature: 0.1 + 0.2 }),
      ];
      for (const character of all) await characters.create(OWNER, character, MANY);
      for (const character of all) {
        expect(await characters.find(OWNER, character.id)).to.deep.equal(character);
      }
      expect((await characters.list(OWNER, 100, null)).characters).to.deep.equal(all.reverse());
    });

    it('answers null, false or nothing for what is not there', async () => {
      expect(await characters.find(OWNER, idOf(21))).to.equal(null);
      expect(await characters.update(OWNER, idOf(21), { name: 'x' }, LATER)).to.equal(null);
      expect(await characters.delete(OWNER, idOf(21))).to.equal(false);
      expect(await characters.list(OWNER, 10, null)).to.deep.equal({ characters: [], nextBefore: null });
      expect(await characters.list(idOf(9), 10, null)).to.deep.equal({ characters: [], nextBefore: null });
      expect(await characters.create(idOf(9), characterOf(21), MANY)).to.equal('missing');
      expect(await characters.find(idOf(9), idOf(21))).to.equal(null);
    });

    it('changes the named traits alone and answers the character afterwards', async () => {
      await characters.create(OWNER, characterOf(21), MANY);
      await characters.create(OWNER, characterOf(22), MANY);
      const steps: Partial<CharacterTraits>[] = [
        {},
        { name: 'New' },
        { instructions: AWKWARD_TEXT },
        { greeting: null },
        { greeting: '' },
        { model: null },
        { temperature: null },
        { temperature: 0 },
        { maxOutputTokens: null },
        { maxOutputTokens: 12 },
        { ttlSeconds: 10 },
        { name: 'Last', greeting: 'Bye', ttlSeconds: 20 },
      ];
      let expected = characterOf(21);
      for (const [index, changes] of steps.entries()) {
        const updatedAt = `2026-01-02T00:00:${String(index).padStart(2, '0')}.000Z`;
        expected = { ...expected, ...changes, updatedAt };
        expect(await characters.update(OWNER, idOf(21), changes, updatedAt)).to.deep.equal(expected);
        expect(await characters.find(OWNER, idOf(21))).to.deep.equal(expected);
      }
      expect(await characters.find(OWNER, idOf(22))).to.deep.equal(characterOf(22));
    });

    it('takes a trait that is there but undefined as not named', async () => {
      await characters.create(OWNER, characterOf(21), MANY);
      const changes: Partial<CharacterTraits> = {};
      for (const trait of [
        'name',
        'instructions',
        'greeting',
        'model',
        'temperature',
        'maxOutputTokens',
        'ttlSeconds',
      ]) {
        Object.defineProperty(changes, trait, { value: undefined, enumerable: true });
      }
      await characters.update(OWNER, idOf(21), changes, LATER);
      expect(await characters.find(OWNER, idOf(21))).to.deep.equal(characterOf(21, { updatedAt: LATER }));
    });

    it('loses none of two changes made at the same time', async () => {
      await characters.create(OWNER, characterOf(21), MANY);
      await Promise.all([
        characters.update(OWNER, idOf(21), { name: 'New' }, LATER),
        characters.update(OWNER, idOf(21), { greeting: 'Hi' }, LATER),
        characters.update(OWNER, idOf(21), { ttlSeconds: 60 }, LATER),
      ]);
      expect(await characters.find(OWNER, idOf(21))).to.deep.equal(
        characterOf(21, { name: 'New', greeting: 'Hi', ttlSeconds: 60, updatedAt: LATER }),
      );
    });

    it('deletes a character once, and no other', async () => {
      await characters.create(OWNER, characterOf(21), MANY);
      await characters.create(OWNER, characterOf(22), MANY);
      expect(await characters.delete(OWNER, idOf(21))).to.equal(true);
      expect(await characters.delete(OWNER, idOf(21))).to.equal(false);
      expect(await characters.find(OWNER, idOf(21))).to.equal(null);
      expect((await characters.list(OWNER, 10, null)).characters).to.deep.equal([characterOf(22)]);
    });

    it('gives one client no sight of and no hold on the characters of another', async () => {
      await characters.create(OWNER, characterOf(21), MANY);
      await characters.create(OTHER, characterOf(22), MANY);
      expect(await characters.find(OTHER, idOf(21))).to.equal(null);
      expect(await characters.update(OTHER, idOf(21), { name: 'x' }, LATER)).to.equal(null);
      expect(await characters.delete(OTHER, idOf(21))).to.equal(false);
      expect((await characters.list(OTHER, 10, null)).characters).to.deep.equal([characterOf(22)]);
      expect((await characters.list(OTHER, 10, idOf(22))).characters).to.deep.equal([]);
      expect(await characters.find(OWNER, idOf(21))).to.deep.equal(characterOf(21));
    });

    describe('pages', () => {
      const ids = async (limit: number, before: string | null) => {
        const page = await characters.list(OWNER, limit, before);
        return [page.characters.map((character) => character.id), page.nextBefore];
      };

      beforeEach(async () => {
        for (const number of [23, 21, 25, 22, 24]) await characters.create(OWNER, characterOf(number), MANY);
        await characters.create(OTHER, characterOf(20), MANY);
        await characters.create(OTHER, characterOf(26), MANY);
      });

      it('go from the newest to the oldest, each where the last one ended', async () => {
        expect(await ids(2, null)).to.deep.equal([[idOf(25), idOf(24)], idOf(24)]);
        expect(await ids(2, idOf(24))).to.deep.equal([[idOf(23), idOf(22)], idOf(22)]);
        expect(await ids(2, idOf(22))).to.deep.equal([[idOf(21)], null]);
      });

      it('end without a next one when the last is just full', async () => {
        expect(await ids(5, null)).to.deep.equal([[25, 24, 23, 22, 21].map(idOf), null]);
        expect(await ids(2, idOf(23))).to.deep.equal([[idOf(22), idOf(21)], null]);
        expect(await ids(2, idOf(21))).to.deep.equal([[], null]);
      });

      it('go on from a character that is gone, and from an id that never was one', async () => {
        await characters.delete(OWNER, idOf(24));
        expect(await ids(2, idOf(24))).to.deep.equal([[idOf(23), idOf(22)], idOf(22)]);
        expect(await ids(2, null)).to.deep.equal([[idOf(25), idOf(23)], idOf(23)]);
        expect(await ids(1, 'ffffffff-ffff-7fff-8fff-ffffffffffff')).to.deep.equal([[idOf(25)], idOf(25)]);
        expect(await ids(5, '')).to.deep.equal([[], null]);
      });

      it('repeat and skip nothing while others are made', async () => {
        const [, before] = await ids(2, null);
        await characters.create(OWNER, characterOf(30), MANY);
        expect(await ids(2, String(before))).to.deep.equal([[idOf(23), idOf(22)], idOf(22)]);
      });
    });

    it('keeps all of 50 characters that are made at the same time', async () => {
      const made = await Promise.all(
        Array.from({ length: 50 }, (_, index) => characters.create(OWNER, characterOf(100 + index), MANY)),
      );
      expect(new Set(made)).to.deep.equal(new Set(['created']));
      expect((await characters.list(OWNER, 100, null)).characters).to.have.length(50);
    });

    it('makes no more characters than the maximum, and nothing of one too many', async () => {
      expect(await characters.create(OWNER, characterOf(21), 2)).to.equal('created');
      expect(await characters.create(OTHER, characterOf(31), 2)).to.equal('created');
      expect(await characters.create(OWNER, characterOf(22), 2)).to.equal('created');
      for (const max of [2, 1]) {
        expect(await characters.create(OWNER, characterOf(23), max)).to.equal('full');
      }
      expect(await characters.find(OWNER, idOf(23))).to.equal(null);
      expect((await characters.list(OWNER, 10, null)).characters).to.have.length(2);
      expect(await characters.create(OTHER, characterOf(32), 2)).to.equal('created');
      expect(await characters.create(idOf(9), characterOf(41), 2)).to.equal('missing');
    });

    it('has room again for what was deleted', async () => {
      await characters.create(OWNER, characterOf(21), 1);
      await characters.delete(OWNER, idOf(21));
      expect(await characters.create(OWNER, characterOf(22), 1)).to.equal('created');
    });

    it('has exactly 30 characters when 50 are made at the same time under that bound', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) => characters.create(OWNER, characterOf(100 + index), 30)),
      );
      expect(results.filter((result) => result === 'created')).to.have.length(30);
      expect(results.filter((result) => result === 'full')).to.have.length(20);
      expect((await characters.list(OWNER, 100, null)).characters).to.have.length(30);
    });

    it('shares no object with its callers', async () => {
      const given = characterOf(21);
      await characters.create(OWNER, given, MANY);
      Object.assign(given, { name: 'changed' });
      const ways = [
        () => characters.find(OWNER, idOf(21)),
        async () => (await characters.list(OWNER, 1, null)).characters[0],
        () => characters.update(OWNER, idOf(21), {}, characterOf(21).updatedAt),
      ];
      for (const way of [...ways, ...ways]) {
        const character = await way();
        expect(character).to.deep.equal(characterOf(21));
        Object.assign(character ?? {}, { name: 'changed' });
      }
    });

    for (const { how, bringAbout } of harness.outages) {
      it(`rejects every call with database_unavailable when ${how}`, async () => {
        await characters.create(OWNER, characterOf(21), MANY);
        await bringAbout(storage);
        const calls = [
          characters.create(OWNER, characterOf(22), MANY),
          characters.find(OWNER, idOf(21)),
          characters.list(OWNER, 10, null),
          characters.list(OWNER, 10, idOf(21)),
          characters.update(OWNER, idOf(21), { name: 'x' }, LATER),
          characters.delete(OWNER, idOf(21)),
        ];
        const codes = await Promise.all(calls.map(codeOf));
        expect(codes).to.deep.equal(calls.map(() => 'database_unavailable'));
      });
    }

    if (harness.createSmall !== undefined) {
      const { createSmall } = harness;

      it('refuses with overloaded what there is no room for, until there is some again', async () => {
        const small = await createSmall();
        await small.clients.create(credentialsOf(1), keyOf(11));
        await small.characters.create(OWNER, characterOf(21), MANY);
        expect(await codeOf(small.characters.create(OWNER, characterOf(22), MANY))).to.equal('overloaded');
        expect(await small.characters.find(OWNER, idOf(22))).to.equal(null);
        await small.characters.delete(OWNER, idOf(21));
        expect(await small.characters.create(OWNER, characterOf(22), MANY)).to.equal('created');
        await small.clients.delete(OWNER);
        await small.clients.create(credentialsOf(2), keyOf(12));
        expect(await small.characters.create(OTHER, characterOf(23), MANY)).to.equal('created');
        await small.close();
      });
    }
  });
}
