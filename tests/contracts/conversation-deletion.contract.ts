import { expect } from 'chai';
import type { ErrorCode } from '#src/domain/errors.js';
import {
  type CacheFixture,
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  expectAppError,
  lossOf,
  notAsked,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/cache-fixture.js';

/** What a deletion takes, from open turns too. */
export function conversationDeletionContract(fixture: CacheFixture): void {
  describe('deletion', () => {
    it('takes one conversation, and says whether there was one', async () => {
      await fixture.add('t1');
      await fixture.add('t2', { conversationId: 'another' });
      expect(await fixture.cache.delete(CLIENT, CONVERSATION)).to.equal(true);
      expect(await fixture.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
      expect(await fixture.find()).to.equal(null);
      expect(turnIds(await fixture.cache.find(CLIENT, 'another'))).to.deep.equal(['t2']);
    });

    it('says that there was something when there was only an open turn', async () => {
      await fixture.open();
      expect(await fixture.cache.delete(CLIENT, CONVERSATION)).to.equal(true);
      expect(await fixture.cache.delete(CLIENT, CONVERSATION)).to.equal(false);
    });

    it("takes a character's conversations and no others", async () => {
      for (const conversationId of ['k1', 'k2', 'k3']) await fixture.add('t', { conversationId });
      await fixture.add('t', { conversationId: 'other', characterId: OTHER_CHARACTER });
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      const found = await Promise.all(
        ['k1', 'k2', 'k3', 'other'].map((id) => fixture.cache.find(CLIENT, id)),
      );
      expect(found.map((conversation) => conversation?.id)).to.deep.equal([
        undefined,
        undefined,
        undefined,
        'other',
      ]);
    });

    it("takes all of a client's conversations", async () => {
      await fixture.add('t', { conversationId: 'k1' });
      await fixture.add('t', { conversationId: 'k2', characterId: OTHER_CHARACTER });
      await fixture.cache.deleteByClient(CLIENT);
      expect(await fixture.cache.find(CLIENT, 'k1')).to.equal(null);
      expect(await fixture.cache.find(CLIENT, 'k2')).to.equal(null);
    });

    it('is not undone by a conversation begun again under the same id', async () => {
      await fixture.add('old');
      await fixture.cache.delete(CLIENT, CONVERSATION);
      const again = await fixture.add('new', { characterId: OTHER_CHARACTER });
      expect([again.turns, again.characterId]).to.deep.equal([1, OTHER_CHARACTER]);
      expect(turnIds(again)).to.deep.equal(['new']);
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect(turnIds(await fixture.find())).to.deep.equal(['new']);
      await fixture.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expect(await fixture.find()).to.equal(null);
    });

    const deletions: [what: string, code: ErrorCode, run: () => Promise<unknown>][] = [
      ['the conversation', 'conversation_not_found', () => fixture.cache.delete(CLIENT, CONVERSATION)],
      ['its character', 'character_not_found', () => fixture.cache.deleteByCharacter(CLIENT, CHARACTER)],
      ['its client', 'unauthenticated', () => fixture.cache.deleteByClient(CLIENT)],
    ];
    for (const [what, code, run] of deletions) {
      for (const state of ['new', 'existing'] as const) {
        it(`of ${what} ends the open turn of a conversation that is ${state}, and those that wait`, async () => {
          if (state === 'existing') await fixture.add('t1');
          const opened = await fixture.open();
          const waiting = [rejectionOf(fixture.open()), rejectionOf(fixture.open())];
          await run();
          expectAppError(await lossOf(opened), code);
          expectAppError(await rejectionOf(opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked)), code);
          for (const denial of await Promise.all(waiting)) expectAppError(denial, code);
          expect(await fixture.find()).to.equal(null);

          const successor = await fixture.open({ onBusy: 'reject' });
          expect(successor.conversation).to.equal(null);
          expect(successor.lost.aborted).to.equal(false);
          await opened.release();
          expectAppError(await rejectionOf(fixture.open({ onBusy: 'reject' })), 'conversation_busy');
          await successor.commit(completedTurn('t3'), TTL_SECONDS, notAsked);
          expect(turnIds(await fixture.find())).to.deep.equal(['t3']);
        });
      }
    }

    it('of the character of an existing conversation takes the right from a turn for another', async () => {
      await fixture.add('t1');
      const opened = await fixture.open({ characterId: OTHER_CHARACTER });
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      expectAppError(await lossOf(opened), 'character_not_found');
    });

    it('of a character refuses those that wait for it, behind a turn that goes on', async () => {
      const opened = await fixture.open();
      const waiting = rejectionOf(fixture.open({ characterId: OTHER_CHARACTER }));
      await fixture.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expectAppError(await waiting, 'character_not_found');
      await opened.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      const next = await fixture.open({ onBusy: 'reject' });
      expect(turnIds(next.conversation)).to.deep.equal(['t1']);
    });

    it('finds what is not over yet, however long ago it began and whatever ended since', async () => {
      const commit = async (conversationId: string, ttlSeconds: number, client: string): Promise<void> => {
        const opened = await fixture.open({ conversationId }, client);
        await opened.commit(completedTurn('t'), ttlSeconds, notAsked);
      };
      const lasting = ['lasting', 'looked at'];
      for (const client of [CLIENT, OTHER_CLIENT]) {
        for (const conversationId of lasting) await commit(conversationId, 60, client);
        await commit('short', 1, client);
        await (await fixture.open({ conversationId: 'looked at' }, client)).release();
      }
      await commit('continued', 1, CLIENT);
      const running = [
        await fixture.open({ conversationId: 'begun' }),
        await fixture.open({ conversationId: 'continued', characterId: OTHER_CHARACTER }),
      ];
      // Longer than a turn counts whose lease is not renewed.
      await fixture.subject.advance(5500);
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      await fixture.cache.deleteByClient(OTHER_CLIENT);
      for (const client of [CLIENT, OTHER_CLIENT]) {
        for (const id of lasting) expect(await fixture.find(client, id)).to.equal(null);
      }
      for (const turn of running) expectAppError(await lossOf(turn), 'character_not_found');
    });

    it('of something else leaves an open turn alone', async () => {
      const opened = await fixture.open();
      await fixture.cache.delete(CLIENT, 'another');
      await fixture.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER);
      expect(opened.lost.aborted).to.equal(false);
      await opened.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
    });
  });
}
