import { expect } from 'chai';
import type { ErrorCode } from '#src/domain/errors.js';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  type ConversationCacheBench,
  completedTurn,
  expectAppError,
  lossOf,
  notAsked,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/conversation-cache-bench.js';

/** What a deletion takes, from open turns too. */
export function conversationDeletionContract(bench: ConversationCacheBench): void {
  describe('deletion', () => {
    it('takes one conversation, and says whether there was one', async () => {
      await bench.add('t1');
      await bench.add('t2', { conversationId: 'another' });
      expect(await bench.cache.delete(CLIENT, CONVERSATION)).to.equal(true);
      expect(await bench.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
      expect(await bench.find()).to.equal(null);
      expect(turnIds(await bench.cache.find(CLIENT, 'another'))).to.deep.equal(['t2']);
    });

    it('says that there was something when there was only an open turn', async () => {
      await bench.open();
      expect(await bench.cache.delete(CLIENT, CONVERSATION)).to.equal(true);
      expect(await bench.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
    });

    it("takes a character's conversations and no others", async () => {
      for (const conversationId of ['k1', 'k2', 'k3']) await bench.add('t', { conversationId });
      await bench.add('t', { conversationId: 'other', characterId: OTHER_CHARACTER });
      await bench.cache.deleteByCharacter(CLIENT, CHARACTER);
      const found = await Promise.all(['k1', 'k2', 'k3', 'other'].map((id) => bench.cache.find(CLIENT, id)));
      expect(found.map((conversation) => conversation?.id)).to.deep.equal([
        undefined,
        undefined,
        undefined,
        'other',
      ]);
    });

    it("takes all of a client's conversations", async () => {
      await bench.add('t', { conversationId: 'k1' });
      await bench.add('t', { conversationId: 'k2', characterId: OTHER_CHARACTER });
      await bench.cache.deleteByClient(CLIENT);
      expect(await bench.cache.find(CLIENT, 'k1')).to.equal(null);
      expect(await bench.cache.find(CLIENT, 'k2')).to.equal(null);
    });

    it('is not undone by a conversation begun again under the same id', async () => {
      await bench.add('old');
      await bench.cache.delete(CLIENT, CONVERSATION);
      const again = await bench.add('new', { characterId: OTHER_CHARACTER });
      expect([again.turns, again.characterId]).to.deep.equal([1, OTHER_CHARACTER]);
      expect(turnIds(again)).to.deep.equal(['new']);
      await bench.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect(turnIds(await bench.find())).to.deep.equal(['new']);
      await bench.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expect(await bench.find()).to.equal(null);
    });

    const deletions: [what: string, code: ErrorCode, run: () => Promise<unknown>][] = [
      ['the conversation', 'conversation_not_found', () => bench.cache.delete(CLIENT, CONVERSATION)],
      ['its character', 'character_not_found', () => bench.cache.deleteByCharacter(CLIENT, CHARACTER)],
      ['its client', 'unauthenticated', () => bench.cache.deleteByClient(CLIENT)],
    ];
    for (const [what, code, run] of deletions) {
      for (const state of ['new', 'existing'] as const) {
        it(`of ${what} ends the open turn of a conversation that is ${state}, and those that wait`, async () => {
          if (state === 'existing') await bench.add('t1');
          const opened = await bench.open();
          const waiting = [rejectionOf(bench.open()), rejectionOf(bench.open())];
          await run();
          expectAppError(await lossOf(opened), code);
          expectAppError(await rejectionOf(opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked)), code);
          for (const refusal of await Promise.all(waiting)) expectAppError(refusal, code);
          expect(await bench.find()).to.equal(null);

          const successor = await bench.open({ onBusy: 'reject' });
          expect(successor.conversation).to.equal(null);
          expect(successor.lost.aborted).to.equal(false);
          await opened.release();
          expectAppError(await rejectionOf(bench.open({ onBusy: 'reject' })), 'conversation_busy');
          await successor.commit(completedTurn('t3'), TTL_SECONDS, notAsked);
          expect(turnIds(await bench.find())).to.deep.equal(['t3']);
        });
      }
    }

    it('of the character of an existing conversation takes the right from a turn for another', async () => {
      await bench.add('t1');
      const opened = await bench.open({ characterId: OTHER_CHARACTER });
      await bench.cache.deleteByCharacter(CLIENT, CHARACTER);
      expectAppError(await lossOf(opened), 'character_not_found');
    });

    it('of a character refuses those that wait for it, behind a turn that goes on', async () => {
      const opened = await bench.open();
      const waiting = rejectionOf(bench.open({ characterId: OTHER_CHARACTER }));
      await bench.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expectAppError(await waiting, 'character_not_found');
      await opened.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      const next = await bench.open({ onBusy: 'reject' });
      expect(turnIds(next.conversation)).to.deep.equal(['t1']);
    });

    it('finds what is not over yet, however long ago it began and whatever ended since', async function () {
      this.timeout(30_000);
      const commit = async (conversationId: string, ttlSeconds: number, client: string): Promise<void> => {
        const opened = await bench.open({ conversationId }, client);
        await opened.commit(completedTurn('t'), ttlSeconds, notAsked);
      };
      const lasting = ['lasting', 'looked at'];
      for (const client of [CLIENT, OTHER_CLIENT]) {
        for (const conversationId of lasting) await commit(conversationId, 60, client);
        await commit('short', 1, client);
        await (await bench.open({ conversationId: 'looked at' }, client)).release();
      }
      await commit('continued', 1, CLIENT);
      const running = [
        await bench.open({ conversationId: 'begun' }),
        await bench.open({ conversationId: 'continued', characterId: OTHER_CHARACTER }),
      ];
      // Longer than a turn counts that is not heard of.
      await bench.subject.advance(5500);
      await bench.cache.deleteByCharacter(CLIENT, CHARACTER);
      await bench.cache.deleteByClient(OTHER_CLIENT);
      for (const client of [CLIENT, OTHER_CLIENT]) {
        for (const id of lasting) expect(await bench.find(client, id)).to.equal(null);
      }
      for (const turn of running) expectAppError(await lossOf(turn), 'character_not_found');
    });

    it('of something else leaves an open turn alone', async () => {
      const opened = await bench.open();
      await bench.cache.delete(CLIENT, 'another');
      await bench.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expect(opened.lost.aborted).to.equal(false);
      await opened.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
    });
  });
}
