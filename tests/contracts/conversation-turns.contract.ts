import { expect } from 'chai';
import {
  type CacheFixture,
  completedTurn,
  expectAppError,
  notAsked,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/cache-fixture.js';

/** One turn at a time, in order of arrival, each stored once. */
export function conversationTurnsContract(fixture: CacheFixture): void {
  describe('a turn', () => {
    it('that is repeated is dropped: the conversation stays as it was', async () => {
      await fixture.add('t1');
      const before = await fixture.add('t2');
      await fixture.subject.advance(1100);
      const again = await (await fixture.open()).commit(
        completedTurn('t1', { userMessage: 'something else' }),
        TTL_SECONDS,
        notAsked,
      );
      expect(again).to.deep.equal(before);
      expect(await fixture.find()).to.deep.equal(before);
      await (await fixture.open({ onBusy: 'reject' })).release();
    });

    it('ends once: neither after commit nor after release can it be committed', async () => {
      const committed = await fixture.open();
      await committed.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      const released = await fixture.open();
      await released.release();
      for (const [index, ended] of [committed, released].entries()) {
        expect(
          await rejectionOf(ended.commit(completedTurn(`late ${index}`), TTL_SECONDS, notAsked)),
        ).to.be.instanceOf(Error);
      }
      expect(turnIds(await fixture.find())).to.deep.equal(['t1']);
    });

    it('that has ended cannot disturb the one after it', async () => {
      const ended = await fixture.open();
      await ended.commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      const running = await fixture.open();
      await ended.release();
      await rejectionOf(ended.commit(completedTurn('late'), TTL_SECONDS, notAsked));
      expectAppError(await rejectionOf(fixture.open({ onBusy: 'reject' })), 'conversation_busy');
      await running.commit(completedTurn('t2'), TTL_SECONDS, notAsked);
      expect(turnIds(await fixture.find())).to.deep.equal(['t1', 't2']);
    });

    it('cannot be committed twice at the same time', async () => {
      const opened = await fixture.open();
      const results = await Promise.allSettled([
        opened.commit(completedTurn('t1'), TTL_SECONDS, notAsked),
        opened.commit(completedTurn('t2'), TTL_SECONDS, notAsked),
      ]);
      expect(results.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      expect((await fixture.find())?.turns).to.equal(1);
    });

    it('that is released keeps nothing', async () => {
      await (await fixture.open()).release();
      expect(await fixture.find()).to.equal(null);
    });
  });

  describe('writers at the same time', () => {
    it('take turns: 50 of them leave 50 exchanges in order of admission', async () => {
      await fixture.start({ maxWaiting: 49 });
      const admitted: string[] = [];
      const write = async (id: string): Promise<void> => {
        const opened = await fixture.open();
        expect(turnIds(opened.conversation)).to.deep.equal(admitted);
        admitted.push(id);
        await new Promise(setImmediate);
        await opened.commit(completedTurn(id), TTL_SECONDS, notAsked);
      };
      await Promise.all(Array.from({ length: 50 }, (_, index) => write(`t${index}`)));
      const found = await fixture.find();
      expect(turnIds(found)).to.deep.equal(admitted);
      expect(new Set(admitted).size).to.equal(50);
      expect(found?.turns).to.equal(50);
    });

    it('get the right in order of arrival', async () => {
      const first = await fixture.open();
      const admitted: number[] = [];
      const waiting = [1, 2, 3, 4, 5].map(async (index) => {
        const opened = await fixture.open();
        admitted.push(index);
        if (index % 2 === 0) await opened.release();
        else await opened.commit(completedTurn(`t${index}`), TTL_SECONDS, notAsked);
      });
      await first.release();
      await Promise.all(waiting);
      expect(admitted).to.deep.equal([1, 2, 3, 4, 5]);
    });

    it('on different conversations do not wait for each other', async () => {
      const opened = await Promise.all(
        Array.from({ length: 20 }, (_, index) => fixture.open({ conversationId: `k${index}` })),
      );
      await Promise.all(opened.map((turn) => turn.release()));
    });

    it('are refused at once where they asked for it', async () => {
      const opened = await fixture.open();
      const denial = await rejectionOf(fixture.open({ onBusy: 'reject' }));
      expectAppError(denial, 'conversation_busy');
      expect(denial).to.have.property('retryAfterSeconds', 1);
      await opened.release();
      await (await fixture.open({ onBusy: 'reject' })).release();
    });

    it('are refused at once when too many wait', async () => {
      await fixture.start({ maxWaiting: 2 });
      const opened = await fixture.open();
      const waiting = [fixture.open(), fixture.open()];
      const denial = await rejectionOf(fixture.open());
      expectAppError(denial, 'conversation_busy');
      expect(denial).to.have.property('retryAfterSeconds', 1);
      await opened.release();
      for (const turn of waiting) await (await turn).release();
    });

    it('are refused when the wait took too long, and have left the queue then', async () => {
      await fixture.start({ maxWaiting: 1, maxWaitMs: 50 });
      const opened = await fixture.open();
      const denial = await rejectionOf(fixture.open());
      expectAppError(denial, 'conversation_busy');
      expect(denial).to.have.property('retryAfterSeconds', 1);
      const next = fixture.open();
      await opened.release();
      await (await next).release();
    });

    it('leave the queue when their caller goes, and the others move up', async () => {
      await fixture.start({ maxWaiting: 2 });
      const opened = await fixture.open();
      const caller = new AbortController();
      const gone = fixture.open({ signal: caller.signal });
      const waiting = fixture.open();
      const reason = new Error('the caller went');
      caller.abort(reason);
      expect(await rejectionOf(gone)).to.equal(reason);
      const last = fixture.open();
      await opened.release();
      await (await waiting).commit(completedTurn('t1'), TTL_SECONDS, notAsked);
      expect(turnIds((await last).conversation)).to.deep.equal(['t1']);
      await (await last).release();
    });

    it('do not even begin when their caller has gone already', async () => {
      const reason = new Error('the caller went');
      expect(await rejectionOf(fixture.open({ signal: AbortSignal.abort(reason) }))).to.equal(reason);
      await (await fixture.open({ onBusy: 'reject' })).release();
    });
  });
}
