import { expect } from 'chai';
import type { OpenTurn, OpenTurnRequest } from '#src/application/ports/chat/conversation-cache.js';
import {
  type CacheFixture,
  CLIENT,
  CONVERSATION,
  completedTurn,
  keyed,
  lossOf,
  notAsked,
  OTHER_CLIENT,
  rejectionOf,
  TTL_SECONDS,
} from '../support/fixtures/cache-fixture.js';

/** A client has so many turns at the same time, over all its conversations, and no more. */
export function conversationConcurrencyContract(fixture: CacheFixture): void {
  describe('turns of one client at the same time', () => {
    let count = 0;
    /** Each on a conversation of its own. */
    const ask = (maxConcurrentTurns: number, changes: Partial<OpenTurnRequest> = {}, clientId = CLIENT) => {
      count += 1;
      return fixture.ask({ conversationId: `c${count}`, maxConcurrentTurns, ...changes }, clientId);
    };
    const opened = async (...args: Parameters<typeof ask>): Promise<OpenTurn> => {
      const answer = await ask(...args);
      return answer.kind === 'open' ? answer : expect.fail(`it was not opened: ${answer.kind}`);
    };
    const isConcurrencyLimited = async (...args: Parameters<typeof ask>): Promise<boolean> => {
      const answer = await ask(...args);
      if (answer.kind === 'open') await answer.release();
      return answer.kind === 'concurrency_limited';
    };

    it('are as many as the limit, and the error of the next one names it', async () => {
      await Promise.all([opened(3), opened(3), opened(3)]);
      expect(await ask(3)).to.deep.equal({ kind: 'concurrency_limited', limit: 3 });
      expect(await ask(3, { conversationId: CONVERSATION, onBusy: 'reject' })).to.have.property(
        'kind',
        'concurrency_limited',
      );
    });

    it('are exactly so many when many ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, () => ask(100)));
      expect(answers.filter(({ kind }) => kind === 'open')).to.have.length(100);
      expect(answers.filter(({ kind }) => kind === 'concurrency_limited')).to.have.length(200);
    });

    it('are counted from when they begin to wait, and once', async () => {
      const first = await opened(2, { conversationId: CONVERSATION });
      const second = opened(2, { conversationId: CONVERSATION });
      while (!(await isConcurrencyLimited(2))) await new Promise(setImmediate);
      // Long enough for it to have asked again.
      await fixture.subject.advance(300);
      await first.release();
      await second;
      expect(await isConcurrencyLimited(2)).to.equal(false);
      expect(await isConcurrencyLimited(1)).to.equal(true);
    });

    it('make room when they are committed, released or deleted', async () => {
      const committed = await opened(1);
      await committed.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      const released = await opened(1);
      await released.release();
      const deleted = await opened(1, { conversationId: CONVERSATION });
      await fixture.cache.delete(CLIENT, CONVERSATION);
      await lossOf(deleted);
      await opened(1);
      expect(await isConcurrencyLimited(1)).to.equal(true);
    });

    it('make room when they are no longer waited for, or were refused', async () => {
      const first = await opened(2, { conversationId: CONVERSATION });
      const caller = new AbortController();
      const left = rejectionOf(ask(2, { conversationId: CONVERSATION, signal: caller.signal }));
      while (!(await isConcurrencyLimited(2))) await new Promise(setImmediate);
      caller.abort();
      await left;
      expect(await isConcurrencyLimited(2)).to.equal(false);
      await rejectionOf(ask(2, { conversationId: CONVERSATION, onBusy: 'reject' }));
      expect(await isConcurrencyLimited(2)).to.equal(false);
      await first.release();
    });

    it('hold nothing when they are one too many: no conversation, no idempotency key', async () => {
      await opened(1);
      const request = { conversationId: CONVERSATION, ...keyed('k') };
      expect(await isConcurrencyLimited(1, request)).to.equal(true);
      await (await fixture.open({ ...request, ...keyed('k', 'another digest'), onBusy: 'reject' })).release();
    });

    it('leave what was answered before to be had again', async () => {
      await fixture.add('t1', keyed('k'));
      await opened(1);
      expect(await ask(1, { conversationId: CONVERSATION, ...keyed('k') })).to.deep.equal({
        kind: 'replay',
        answer: 'kept t1',
      });
    });

    it('are counted for each client by itself, and not at all where there is no limit', async () => {
      await opened(1);
      await opened(1, {}, OTHER_CLIENT);
      await fixture.open();
      expect(await isConcurrencyLimited(3)).to.equal(false);
    });

    it('go by a limit that has changed since', async () => {
      await Promise.all([opened(3), opened(3)]);
      expect(await isConcurrencyLimited(2)).to.equal(true);
      await opened(3);
      expect(await isConcurrencyLimited(5)).to.equal(false);
    });
  });
}
