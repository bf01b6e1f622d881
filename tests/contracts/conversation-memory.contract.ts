import { expect } from 'chai';
import {
  type CacheFixture,
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  notAsked,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/cache-fixture.js';

/** What is remembered, for how long, and for whom. */
export function conversationMemoryContract(fixture: CacheFixture): void {
  describe('what is remembered', () => {
    it('is nothing at first', async () => {
      expect(await fixture.find()).to.equal(null);
      expect((await fixture.open()).conversation).to.equal(null);
      await fixture.cache.check();
    });

    it('is both messages of a turn, byte for byte', async () => {
      const text = 'quotes "\'` {x} ${ %s \\ \u0001\u001f\n\r\t é 日本 👩‍👩‍👧 \u2028';
      const turn = completedTurn('t1', { userMessage: text });
      const committed = await (await fixture.open()).commit(turn, TTL_SECONDS, notAsked);
      expect(committed).to.deep.equal({
        id: CONVERSATION,
        characterId: CHARACTER,
        greeting: null,
        turns: 1,
        exchanges: [
          {
            turnId: 't1',
            user: text,
            assistant: 'answer t1',
            userAt: '2026-01-01T00:00:00.000Z',
            assistantAt: '2026-01-01T00:00:01.000Z',
            tokens: committed.exchanges[0]?.tokens,
          },
        ],
        expiresAt: committed.expiresAt,
      });
      expect(committed.exchanges[0]?.tokens).to.be.greaterThan(8);
      expect(await fixture.find()).to.deep.equal(committed);
      expect((await fixture.open()).conversation).to.deep.equal(committed);
    });

    it('keeps the order of the turns', async () => {
      for (const id of ['c', 'a', 'b']) await fixture.add(id);
      const found = await fixture.find();
      expect(turnIds(found)).to.deep.equal(['c', 'a', 'b']);
      expect(found?.turns).to.equal(3);
    });

    it('leaves the oldest turns out beyond the bounds, and still counts them', async () => {
      await fixture.start({ bounds: { maxMessages: 4, maxTokens: 100_000 } });
      for (const id of ['t1', 't2', 't3', 't4', 't5']) await fixture.add(id);
      const found = await fixture.find();
      expect(turnIds(found)).to.deep.equal(['t4', 't5']);
      expect(found?.turns).to.equal(5);
    });

    it('stays with the character that began it', async () => {
      await fixture.add('t1');
      await fixture.add('t2', { characterId: OTHER_CHARACTER });
      expect((await fixture.find())?.characterId).to.equal(CHARACTER);
    });

    it('is the greeting that it began with, however later turns begin', async () => {
      const greeting = { text: 'Good "day" {x} 😀', at: '2026-01-01T00:00:00.000Z' };
      const later = { text: 'Hello again', at: '2026-01-02T00:00:00.000Z' };
      const begun = await (await fixture.open()).commit(completedTurn('t1'), TTL_SECONDS, notAsked, greeting);
      expect({ greeting: begun.greeting, turns: begun.turns }).to.deep.equal({ greeting, turns: 1 });
      const opened = await fixture.open();
      expect(opened.conversation?.greeting).to.deep.equal(greeting);
      const continued = await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked, later);
      expect(continued.greeting).to.deep.equal(greeting);
      expect((await fixture.find())?.greeting).to.deep.equal(greeting);
    });

    it('has no greeting from a later turn, nor from a turn that was given back', async () => {
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await fixture.open()).release();
      expect(await fixture.find()).to.equal(null);
      await fixture.add('t1');
      await (await fixture.open()).commit(completedTurn('t2'), TTL_SECONDS, notAsked, greeting);
      expect((await fixture.find())?.greeting).to.equal(null);
    });

    it('keeps its greeting beyond the bounds of turns', async () => {
      await fixture.start({ bounds: { maxMessages: 2, maxTokens: 100_000 } });
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await fixture.open()).commit(completedTurn('t1'), TTL_SECONDS, notAsked, greeting);
      await fixture.add('t2');
      await fixture.add('t3');
      const found = await fixture.find();
      expect([turnIds(found), found?.greeting]).to.deep.equal([['t3'], greeting]);
    });

    it('is not changed by changing what was returned', async () => {
      const committed = await fixture.add('t1');
      const opened = await fixture.open();
      const found = await fixture.find();
      const untouched = structuredClone(found);
      for (const returned of [committed, opened.conversation, found]) {
        // Which is refused, or changes a copy.
        const exchanges = returned?.exchanges ?? [];
        Reflect.set(exchanges[0] ?? {}, 'user', 'forged');
        Reflect.set(exchanges, exchanges.length, 'forged');
        Reflect.set(returned ?? {}, 'turns', 99);
        Reflect.set(returned ?? {}, 'characterId', 'forged');
      }
      expect(await fixture.find()).to.deep.equal(untouched);
      await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      const afterwards = await fixture.find();
      expect(afterwards?.exchanges[0]).to.deep.equal(untouched?.exchanges[0]);
      expect([afterwards?.turns, afterwards?.exchanges.length]).to.deep.equal([2, 2]);
    });

    it('is not changed by changing what was handed in', async () => {
      const turn = completedTurn('t1');
      await (await fixture.open()).commit(turn, TTL_SECONDS, notAsked);
      Object.assign(turn, { userMessage: 'forged' });
      Object.assign(turn.outcome.reply, { content: 'forged' });
      const [exchange] = (await fixture.find())?.exchanges ?? [];
      expect([exchange?.user, exchange?.assistant]).to.deep.equal(['question t1', 'answer t1']);
    });
  });

  describe('expiry', () => {
    it('is counted from the last completed turn, and slides', async () => {
      const turn = (id: string) =>
        fixture.open().then((opened) => opened.commit(completedTurn(id), 3, notAsked));
      const before = fixture.subject.now();
      const committed = await turn('t1');
      expect(Date.parse(committed.expiresAt)).to.be.within(before + 3000, fixture.subject.now() + 3000);
      await fixture.subject.advance(1900);
      expect((await turn('t2')).turns).to.equal(2);
      await fixture.subject.advance(1900);
      expect((await fixture.find())?.turns).to.equal(2);
      await fixture.subject.advance(2100);
      expect(await fixture.find()).to.equal(null);
      expect((await fixture.open()).conversation).to.equal(null);
    });

    it('is not put off by reading, nor by a turn that was released', async () => {
      await (await fixture.open()).commit(completedTurn('t1'), 2, notAsked);
      await fixture.subject.advance(900);
      await fixture.find();
      await (await fixture.open()).release();
      await fixture.subject.advance(2100);
      expect(await fixture.find()).to.equal(null);
    });

    it('takes the greeting along: a conversation that begins again has its own', async () => {
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await fixture.open()).commit(completedTurn('t1'), 1, notAsked, greeting);
      await fixture.subject.advance(2100);
      const again = await fixture.add('t2');
      expect({ greeting: again.greeting, turns: again.turns }).to.deep.equal({ greeting: null, turns: 1 });
      expect(await fixture.find()).to.deep.equal(again);
    });

    it('leaves nothing to delete', async () => {
      await (await fixture.open()).commit(completedTurn('t1'), 1, notAsked);
      await fixture.subject.advance(2100);
      expect(await fixture.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
    });

    it('is seen while a turn runs that was opened before it, and what waits for that turn begins anew', async () => {
      await (await fixture.open()).commit(completedTurn('t1'), 2, notAsked);
      const opened = await fixture.open();
      const waiting = fixture.open();
      await fixture.subject.advance(2100);
      expect(await fixture.find()).to.equal(null);
      await opened.release();
      expect((await waiting).conversation).to.equal(null);
      const begun = await (await waiting).commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      expect({ turns: begun.turns, ids: turnIds(begun) }).to.deep.equal({ turns: 1, ids: ['t2'] });
      expect(await fixture.find()).to.deep.equal(begun);
    });

    it('does not take the history from a turn that was opened before it', async () => {
      await (await fixture.open()).commit(completedTurn('t1'), 2, notAsked);
      const opened = await fixture.open();
      await fixture.subject.advance(2100);
      const committed = await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      expect(turnIds(committed)).to.deep.equal(['t1', 't2']);
      expect(committed.turns).to.equal(2);
      expect(await fixture.find()).to.deep.equal(committed);
    });
  });

  describe('clients', () => {
    it('have conversations of their own under the same id', async () => {
      await fixture.add('mine');
      await fixture.add('theirs', {}, OTHER_CLIENT);
      expect(turnIds(await fixture.find())).to.deep.equal(['mine']);
      expect(turnIds(await fixture.cache.find(OTHER_CLIENT, CONVERSATION))).to.deep.equal(['theirs']);
    });

    it('do not wait for each other', async () => {
      const mine = await fixture.open();
      const theirs = await fixture.open({ onBusy: 'reject' }, OTHER_CLIENT);
      await Promise.all([mine.release(), theirs.release()]);
    });

    it('cannot meet through the separators of a key', async () => {
      const pairs = ['a:b', 'a.b', 'a_b', 'a-b', 'a', 'b'].flatMap((client) =>
        ['c', 'b:c', 'b.c', 'b_c', 'b-c', ':c', 'c:'].map((conversationId) => ({ client, conversationId })),
      );
      for (const [index, { client, conversationId }] of pairs.entries()) {
        await fixture.add(`turn-${index}`, { conversationId }, client);
      }
      for (const [index, { client, conversationId }] of pairs.entries()) {
        expect(turnIds(await fixture.cache.find(client, conversationId))).to.deep.equal([`turn-${index}`]);
      }
    });

    it("cannot delete each other's", async () => {
      await fixture.add('mine');
      const mine = await fixture.open();
      expect(await fixture.cache.delete(OTHER_CLIENT, CONVERSATION)).to.equal(false);
      await fixture.cache.deleteByCharacter(OTHER_CLIENT, CHARACTER);
      await fixture.cache.deleteByClient(OTHER_CLIENT);
      expect(mine.lost.aborted).to.equal(false);
      await mine.commit(completedTurn('mine too'), TTL_SECONDS, notAsked);
      expect(turnIds(await fixture.find())).to.deep.equal(['mine', 'mine too']);
    });
  });
}
