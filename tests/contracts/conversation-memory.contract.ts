import { expect } from 'chai';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  type ConversationCacheBench,
  completedTurn,
  notAsked,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/conversation-cache-bench.js';

/** What is remembered, for how long, and for whom. */
export function conversationMemoryContract(bench: ConversationCacheBench): void {
  describe('what is remembered', () => {
    it('is nothing at first', async () => {
      expect(await bench.find()).to.equal(null);
      expect((await bench.open()).conversation).to.equal(null);
      await bench.cache.check();
    });

    it('is both messages of a turn, byte for byte', async () => {
      const text = 'quotes "\'` {x} ${ %s \\ \u0001\u001f\n\r\t é 日本 👩‍👩‍👧 \u2028';
      const turn = completedTurn('t1', { userMessage: text });
      const committed = await (await bench.open()).commit(turn, TTL_SECONDS, notAsked);
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
      expect(await bench.find()).to.deep.equal(committed);
      expect((await bench.open()).conversation).to.deep.equal(committed);
    });

    it('keeps the order of the turns', async () => {
      for (const id of ['c', 'a', 'b']) await bench.add(id);
      const found = await bench.find();
      expect(turnIds(found)).to.deep.equal(['c', 'a', 'b']);
      expect(found?.turns).to.equal(3);
    });

    it('leaves the oldest turns out beyond the bounds, and still counts them', async () => {
      await bench.start({ bounds: { maxMessages: 4, maxTokens: 100_000 } });
      for (const id of ['t1', 't2', 't3', 't4', 't5']) await bench.add(id);
      const found = await bench.find();
      expect(turnIds(found)).to.deep.equal(['t4', 't5']);
      expect(found?.turns).to.equal(5);
    });

    it('stays with the character that began it', async () => {
      await bench.add('t1');
      await bench.add('t2', { characterId: OTHER_CHARACTER });
      expect((await bench.find())?.characterId).to.equal(CHARACTER);
    });

    it('is the greeting that it began with, however later turns begin', async () => {
      const greeting = { text: 'Good "day" {x} 😀', at: '2026-01-01T00:00:00.000Z' };
      const later = { text: 'Hello again', at: '2026-01-02T00:00:00.000Z' };
      const begun = await (await bench.open()).commit(completedTurn('t1'), TTL_SECONDS, notAsked, greeting);
      expect({ greeting: begun.greeting, turns: begun.turns }).to.deep.equal({ greeting, turns: 1 });
      const opened = await bench.open();
      expect(opened.conversation?.greeting).to.deep.equal(greeting);
      const continued = await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked, later);
      expect(continued.greeting).to.deep.equal(greeting);
      expect((await bench.find())?.greeting).to.deep.equal(greeting);
    });

    it('has no greeting from a later turn, nor from a turn that was given back', async () => {
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await bench.open()).release();
      expect(await bench.find()).to.equal(null);
      await bench.add('t1');
      await (await bench.open()).commit(completedTurn('t2'), TTL_SECONDS, notAsked, greeting);
      expect((await bench.find())?.greeting).to.equal(null);
    });

    it('keeps its greeting beyond the bounds of turns', async () => {
      await bench.start({ bounds: { maxMessages: 2, maxTokens: 100_000 } });
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await bench.open()).commit(completedTurn('t1'), TTL_SECONDS, notAsked, greeting);
      await bench.add('t2');
      await bench.add('t3');
      const found = await bench.find();
      expect([turnIds(found), found?.greeting]).to.deep.equal([['t3'], greeting]);
    });

    it('is not changed by changing what was returned', async () => {
      const committed = await bench.add('t1');
      const opened = await bench.open();
      const found = await bench.find();
      const untouched = structuredClone(found);
      for (const returned of [committed, opened.conversation, found]) {
        // Which is refused, or changes a copy.
        const exchanges = returned?.exchanges ?? [];
        Reflect.set(exchanges[0] ?? {}, 'user', 'forged');
        Reflect.set(exchanges, exchanges.length, 'forged');
        Reflect.set(returned ?? {}, 'turns', 99);
        Reflect.set(returned ?? {}, 'characterId', 'forged');
      }
      expect(await bench.find()).to.deep.equal(untouched);
      await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      const afterwards = await bench.find();
      expect(afterwards?.exchanges[0]).to.deep.equal(untouched?.exchanges[0]);
      expect([afterwards?.turns, afterwards?.exchanges.length]).to.deep.equal([2, 2]);
    });

    it('is not changed by changing what was handed in', async () => {
      const turn = completedTurn('t1');
      await (await bench.open()).commit(turn, TTL_SECONDS, notAsked);
      Object.assign(turn, { userMessage: 'forged' });
      Object.assign(turn.outcome.reply, { content: 'forged' });
      const [exchange] = (await bench.find())?.exchanges ?? [];
      expect([exchange?.user, exchange?.assistant]).to.deep.equal(['question t1', 'answer t1']);
    });
  });

  describe('expiry', () => {
    it('is counted from the last completed turn, and slides', async function () {
      this.timeout(30_000);
      const turn = (id: string) =>
        bench.open().then((opened) => opened.commit(completedTurn(id), 3, notAsked));
      const committed = await turn('t1');
      expect(Date.parse(committed.expiresAt)).to.be.closeTo(bench.subject.now() + 3000, 1000);
      await bench.subject.advance(1900);
      expect((await turn('t2')).turns).to.equal(2);
      await bench.subject.advance(1900);
      expect((await bench.find())?.turns).to.equal(2);
      await bench.subject.advance(2100);
      expect(await bench.find()).to.equal(null);
      expect((await bench.open()).conversation).to.equal(null);
    });

    it('is not put off by reading, nor by a turn that was released', async function () {
      this.timeout(30_000);
      await (await bench.open()).commit(completedTurn('t1'), 2, notAsked);
      await bench.subject.advance(900);
      await bench.find();
      await (await bench.open()).release();
      await bench.subject.advance(2100);
      expect(await bench.find()).to.equal(null);
    });

    it('takes the greeting along: a conversation that begins again has its own', async function () {
      this.timeout(30_000);
      const greeting = { text: 'Hello', at: '2026-01-01T00:00:00.000Z' };
      await (await bench.open()).commit(completedTurn('t1'), 1, notAsked, greeting);
      await bench.subject.advance(2100);
      const again = await bench.add('t2');
      expect({ greeting: again.greeting, turns: again.turns }).to.deep.equal({ greeting: null, turns: 1 });
      expect(await bench.find()).to.deep.equal(again);
    });

    it('leaves nothing to delete', async function () {
      this.timeout(30_000);
      await (await bench.open()).commit(completedTurn('t1'), 1, notAsked);
      await bench.subject.advance(2100);
      expect(await bench.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
    });

    it('is seen while a turn runs that was opened before it, and what waits for that turn begins anew', async function () {
      this.timeout(30_000);
      await (await bench.open()).commit(completedTurn('t1'), 1, notAsked);
      const opened = await bench.open();
      const waiting = bench.open();
      await bench.subject.advance(1100);
      expect(await bench.find()).to.equal(null);
      await opened.release();
      expect((await waiting).conversation).to.equal(null);
      const begun = await (await waiting).commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      expect({ turns: begun.turns, ids: turnIds(begun) }).to.deep.equal({ turns: 1, ids: ['t2'] });
      expect(await bench.find()).to.deep.equal(begun);
    });

    it('does not take the history from a turn that was opened before it', async function () {
      this.timeout(30_000);
      await (await bench.open()).commit(completedTurn('t1'), 1, notAsked);
      const opened = await bench.open();
      await bench.subject.advance(2100);
      const committed = await opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      expect(turnIds(committed)).to.deep.equal(['t1', 't2']);
      expect(committed.turns).to.equal(2);
      expect(await bench.find()).to.deep.equal(committed);
    });
  });

  describe('clients', () => {
    it('have conversations of their own under the same id', async () => {
      await bench.add('mine');
      await bench.add('theirs', {}, OTHER_CLIENT);
      expect(turnIds(await bench.find())).to.deep.equal(['mine']);
      expect(turnIds(await bench.cache.find(OTHER_CLIENT, CONVERSATION))).to.deep.equal(['theirs']);
    });

    it('do not wait for each other', async () => {
      const mine = await bench.open();
      const theirs = await bench.open({ onBusy: 'reject' }, OTHER_CLIENT);
      await Promise.all([mine.release(), theirs.release()]);
    });

    it('cannot meet through the separators of a key', async () => {
      const pairs = ['a:b', 'a.b', 'a_b', 'a-b', 'a', 'b'].flatMap((client) =>
        ['c', 'b:c', 'b.c', 'b_c', 'b-c', ':c', 'c:'].map((conversationId) => ({ client, conversationId })),
      );
      for (const [index, { client, conversationId }] of pairs.entries()) {
        await bench.add(`turn-${index}`, { conversationId }, client);
      }
      for (const [index, { client, conversationId }] of pairs.entries()) {
        expect(turnIds(await bench.cache.find(client, conversationId))).to.deep.equal([`turn-${index}`]);
      }
    });

    it("cannot delete each other's", async () => {
      await bench.add('mine');
      const mine = await bench.open();
      expect(await bench.cache.delete(OTHER_CLIENT, CONVERSATION)).to.equal(false);
      await bench.cache.deleteByCharacter(OTHER_CLIENT, CHARACTER);
      await bench.cache.deleteByClient(OTHER_CLIENT);
      expect(mine.lost.aborted).to.equal(false);
      await mine.commit(completedTurn('mine too'), TTL_SECONDS, notAsked);
      expect(turnIds(await bench.find())).to.deep.equal(['mine', 'mine too']);
    });
  });
}
