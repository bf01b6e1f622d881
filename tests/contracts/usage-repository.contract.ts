import { expect } from 'chai';
import type { UsageEntry } from '#src/application/ports/storage/usage-repository.js';
import { utcDaysUntil } from '#src/domain/usage/utc-day.js';
import {
  characterOf,
  codeOf,
  credentialsOf,
  idOf,
  keyOf,
  MANY,
  type Storage,
  type StorageHarness,
} from './client-repository.contract.js';

const ADA = idOf(1);
const BOB = idOf(2);
const DAY = '2026-01-31';
const EVER = '2000-01-01';

export function entryOf(changes: Partial<UsageEntry> = {}): UsageEntry {
  return {
    clientId: ADA,
    day: DAY,
    characterId: idOf(1),
    turns: 1,
    inputTokens: 10,
    outputTokens: 5,
    ...changes,
  };
}

export function itRecordsUsage({ name, create, outages }: StorageHarness): void {
  describe(`UsageRepository on ${name}`, () => {
    let storage: Storage;

    beforeEach(async () => {
      storage = await create();
      for (const number of [1, 2]) await storage.clients.create(credentialsOf(number), keyOf(number));
    });

    afterEach(() => storage.close());

    const add = (...entries: UsageEntry[]) => storage.usage.add(entries, EVER);
    const list = (clientId = ADA, fromDay = EVER, maxCharacters = 100) =>
      storage.usage.list(clientId, fromDay, maxCharacters);

    it('adds up by client, day and character, within one call and over several', async () => {
      await add(entryOf(), entryOf({ turns: 0, inputTokens: 3, outputTokens: 0 }));
      await add(entryOf({ turns: 2, inputTokens: 100, outputTokens: 50 }));
      expect(await list()).to.deep.equal([
        { day: DAY, characterId: idOf(1), turns: 3, inputTokens: 113, outputTokens: 55 },
      ]);
    });

    it('lists the newest day first, then by character, from the day that is asked for', async () => {
      for (const day of ['2026-01-29', DAY, '2026-01-30']) {
        await add(entryOf({ day, characterId: idOf(2) }), entryOf({ day, characterId: idOf(1) }));
      }
      const places = (await list(ADA, '2026-01-30')).map(({ day, characterId }) => [day, characterId]);
      expect(places).to.deep.equal([
        [DAY, idOf(1)],
        [DAY, idOf(2)],
        ['2026-01-30', idOf(1)],
        ['2026-01-30', idOf(2)],
      ]);
    });

    it('lists the costliest characters of each day by their ids, and after them the rest as one', async () => {
      const cost = (character: number, inputTokens: number, day = DAY) =>
        entryOf({ day, characterId: idOf(character), inputTokens, outputTokens: 1 });
      await add(cost(1, 5), cost(2, 90), cost(3, 7), cost(4, 80), cost(5, 80), cost(1, 3, '2026-01-30'));
      const shown = (day: string, characterId: string | null, turns: number, tokens: number) => ({
        day,
        characterId,
        turns,
        inputTokens: tokens,
        outputTokens: turns,
      });
      const yesterday = shown('2026-01-30', idOf(1), 1, 3);
      expect(await list(ADA, EVER, 2)).to.deep.equal([
        shown(DAY, idOf(2), 1, 90),
        shown(DAY, idOf(4), 1, 80),
        shown(DAY, null, 3, 92),
        yesterday,
      ]);
      const all = await list(ADA, EVER, 5);
      expect(all.map(({ characterId }) => characterId)).to.deep.equal([
        ...[1, 2, 3, 4, 5].map(idOf),
        idOf(1),
      ]);
    });

    it('follows with the order what is added to a character', async () => {
      const cost = (character: number, inputTokens: number) =>
        entryOf({ characterId: idOf(character), inputTokens, outputTokens: 0 });
      await add(cost(1, 10), cost(2, 20), cost(3, 30));
      await add(cost(1, 25));
      const [costliest, rest] = await list(ADA, EVER, 1);
      expect(costliest).to.deep.equal({
        day: DAY,
        characterId: idOf(1),
        turns: 2,
        inputTokens: 35,
        outputTokens: 0,
      });
      expect(rest).to.deep.equal({ day: DAY, characterId: null, turns: 2, inputTokens: 50, outputTokens: 0 });
    });

    it('keeps clients apart', async () => {
      await add(entryOf(), entryOf({ clientId: BOB, inputTokens: 7, outputTokens: 0 }));
      expect(await storage.usage.tokensOn(ADA, DAY)).to.equal(15);
      expect(await storage.usage.tokensOn(BOB, DAY)).to.equal(7);
      expect(await list(BOB)).to.deep.equal([
        { day: DAY, characterId: idOf(1), turns: 1, inputTokens: 7, outputTokens: 0 },
      ]);
    });

    it('counts the tokens of one day over all characters', async () => {
      await add(entryOf(), entryOf({ characterId: idOf(2) }), entryOf({ day: '2026-01-30' }));
      expect(await storage.usage.tokensOn(ADA, DAY)).to.equal(30);
      expect(await storage.usage.tokensOn(ADA, '2026-02-01')).to.equal(0);
      expect(await storage.usage.tokensOn(idOf(9), DAY)).to.equal(0);
    });

    it('passes over clients that are gone, and keeps the rest', async () => {
      await storage.clients.delete(BOB);
      await add(entryOf({ clientId: BOB }), entryOf(), entryOf({ clientId: idOf(9) }));
      expect(await list()).to.have.length(1);
      expect(await list(BOB)).to.deep.equal([]);
      expect(await list(idOf(9))).to.deep.equal([]);
    });

    it('goes with the client, and an account of the same id begins with nothing', async () => {
      await add(entryOf());
      await storage.clients.delete(ADA);
      expect(await list()).to.deep.equal([]);
      await storage.clients.create(credentialsOf(1), keyOf(1));
      expect(await list()).to.deep.equal([]);
      expect(await storage.usage.tokensOn(ADA, DAY)).to.equal(0);
    });

    it('stays when the character goes', async () => {
      await storage.characters.create(ADA, characterOf(1), MANY);
      await add(entryOf());
      await storage.characters.delete(ADA, idOf(1));
      expect(await list()).to.have.length(1);
    });

    it('forgets what is older than the oldest day, and no more, behind 30 days that are recorded', async () => {
      const days = utcDaysUntil(DAY, 33);
      await add(...days.map((day) => entryOf({ day })));
      await storage.usage.add([entryOf()], days[31] ?? '');
      expect((await list()).map(({ day }) => day)).to.deep.equal(days.slice(0, 32));
      await storage.usage.add([entryOf()], days[29] ?? '');
      expect((await list()).map(({ day }) => day)).to.deep.equal(days.slice(0, 30));
    });

    it('loses one day to each day of a wall clock that has jumped forward, and not all of them to the first', async () => {
      const days = utcDaysUntil(DAY, 30);
      await add(...days.map((day) => entryOf({ day })));
      for (const [lost, day] of ['2026-03-12', '2026-03-13'].entries()) {
        const oldestDay = utcDaysUntil(day, 30).at(-1) ?? '';
        for (const clientId of [ADA, BOB]) await storage.usage.add([entryOf({ clientId, day })], oldestDay);
        const left = (await list()).filter((row) => row.day <= DAY);
        expect(left.map((row) => row.day)).to.deep.equal(days.slice(0, 29 - lost));
      }
      // The clock is right again.
      await storage.usage.add([entryOf()], days[29] ?? '');
      expect(await list()).to.have.length(28 + 2);
    });

    it('loses nothing of parallel writers', async () => {
      await Promise.all(Array.from({ length: 100 }, () => add(entryOf(), entryOf({ clientId: BOB }))));
      for (const clientId of [ADA, BOB]) expect(await storage.usage.tokensOn(clientId, DAY)).to.equal(1500);
    });

    it('is changed neither by what was passed in nor by what was returned', async () => {
      const entry = { ...entryOf() };
      await add(entry);
      entry.turns = 99;
      const [row] = await list();
      Object.assign(row ?? {}, { turns: 99 });
      expect((await list())[0]?.turns).to.equal(1);
    });

    for (const { how, bringAbout } of outages) {
      it(`says database_unavailable when ${how}`, async () => {
        await bringAbout(storage);
        expect(await codeOf(add(entryOf()))).to.equal('database_unavailable');
        expect(await codeOf(list())).to.equal('database_unavailable');
        expect(await codeOf(storage.usage.tokensOn(ADA, DAY))).to.equal('database_unavailable');
      });
    }
  });
}
