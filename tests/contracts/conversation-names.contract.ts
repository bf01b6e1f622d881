import { expect } from 'chai';
import {
  type CacheFixture,
  CHARACTER,
  CLIENT,
  keyed,
  lossOf,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  turnIds,
} from '../support/fixtures/cache-fixture.js';

/** Each is a name that some other one would become where a store splits, joins, matches or fills in names. */
const NAMES = [
  'a',
  'a|b',
  '|',
  `${CHARACTER}|${CHARACTER}|a`,
  'c:a',
  'k',
  'ri',
  ':',
  '{a}',
  '}{',
  `{${CLIENT}}:c:a`,
  '*',
  '[a]',
  '?',
  '%s%1',
  '%a',
  '^a$',
  '(.*)',
  'a/../b',
  '\\',
  '"a"',
  "'",
  '$1',
  '__proto__',
  'constructor',
  '~'.repeat(200),
] as const;

/** Conversations whose names hold whatever a store uses as a separator: each is one of its own. */
export function conversationNamesContract(fixture: CacheFixture): void {
  describe('the names of conversations', () => {
    const found = async (clientId: string) => {
      const all = await Promise.all(NAMES.map((name) => fixture.find(clientId, name)));
      return all.map((conversation) => [conversation?.id, turnIds(conversation)]);
    };
    const whole = NAMES.map((name, index) => [name, [`t${index}`]]);
    const addAll = async (characterId = CHARACTER, clientId = CLIENT) => {
      for (const [index, conversationId] of NAMES.entries()) {
        await fixture.add(`t${index}`, { conversationId, characterId, ...keyed(`key ${index}`) }, clientId);
      }
    };

    it('are kept apart, and given back as they were', async () => {
      await addAll();
      expect(await found(CLIENT)).to.deep.equal(whole);
      expect(await found(OTHER_CLIENT)).to.deep.equal(NAMES.map(() => [undefined, []]));
    });

    it('are deleted one by one: each with its replay record, and without any other', async () => {
      await addAll();
      await addAll(CHARACTER, OTHER_CLIENT);
      for (const [index, name] of NAMES.entries()) {
        expect(await fixture.cache.delete(CLIENT, name), name).to.equal(true);
        expect(await found(CLIENT), name).to.deep.equal(
          whole.map((entry, other) => (other <= index ? [undefined, []] : entry)),
        );
        const opened = await fixture.open({ conversationId: name, ...keyed(`key ${index}`) });
        await opened.release();
        for (const [other, conversationId] of NAMES.entries()) {
          if (other <= index) continue;
          expect(await fixture.replay({ conversationId, ...keyed(`key ${other}`) })).to.equal(
            `kept t${other}`,
          );
        }
      }
      expect(await found(OTHER_CLIENT)).to.deep.equal(whole);
    });

    it('are deleted with their character, and no other’s', async () => {
      for (const [index, conversationId] of NAMES.entries()) {
        const characterId = index % 2 === 0 ? CHARACTER : OTHER_CHARACTER;
        await fixture.add(`t${index}`, { conversationId, characterId, ...keyed(`key ${index}`) });
      }
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect(await found(CLIENT)).to.deep.equal(
        whole.map((entry, index) => (index % 2 === 0 ? [undefined, []] : entry)),
      );
      for (const [index, conversationId] of NAMES.entries()) {
        const asked = await fixture.ask({
          conversationId,
          characterId: OTHER_CHARACTER,
          ...keyed(`key ${index}`),
        });
        expect(asked.kind, conversationId).to.equal(index % 2 === 0 ? 'open' : 'replay');
        if (asked.kind === 'open') await asked.release();
      }
    });

    it('take turns each for itself, and end with their own deletion', async () => {
      const turns = [];
      for (const conversationId of NAMES)
        turns.push(await fixture.open({ conversationId, onBusy: 'reject' }));
      for (const [index, name] of NAMES.entries()) {
        expect(turns[index]?.lost.aborted, name).to.equal(false);
        await fixture.cache.delete(CLIENT, name);
        const turn = turns[index];
        if (turn !== undefined) await lossOf(turn);
      }
    });
  });
}
