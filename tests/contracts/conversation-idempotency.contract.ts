import { expect } from 'chai';
import { REPLAY_TTL_SECONDS } from '#src/application/ports/chat/conversation-cache.js';
import {
  type CacheFixture,
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  expectAppError,
  keyed,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/cache-fixture.js';

const VISIBLE_ASCII = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 33 + index));

/** A request that is sent again is answered again, and its turn is not run again. */
export function conversationIdempotencyContract(fixture: CacheFixture): void {
  const expectInProgress = async (changes: object): Promise<void> => {
    const denial = await rejectionOf(fixture.open(changes));
    expectAppError(denial, 'request_in_progress');
    expect(denial).to.have.property('retryAfterSeconds', 1);
  };
  /** The key is free: the next request with it opens a turn. */
  const expectFree = async (changes: object): Promise<void> => (await fixture.open(changes)).release();

  describe('a request that is sent again', () => {
    it('is given what was kept for it, byte for byte, as often as it comes', async () => {
      const text = 'quotes "\'` {x} ${ %s \\ \u0001\u001f\n\r\t é 日本 👩‍👩‍👧 \u2028';
      const opened = await fixture.open(keyed('k'));
      const committed = await opened.commit(completedTurn('t1'), TTL_SECONDS, (after) =>
        JSON.stringify({ text, after }),
      );
      for (let time = 1; time <= 3; time += 1) {
        expect(await fixture.replay(keyed('k'))).to.equal(JSON.stringify({ text, after: committed }));
      }
      expect(await fixture.find()).to.deep.equal(committed);
    });

    it('is given it whatever has become of its conversation by itself, and does not renew it', async () => {
      const opened = await fixture.open(keyed('k'));
      await opened.commit(completedTurn('t1'), 2, () => 'kept');
      await fixture.subject.advance(1000);
      expect(await fixture.replay(keyed('k'))).to.equal('kept');
      await fixture.subject.advance(2000);
      expect(await fixture.find()).to.equal(null);
      expect(await fixture.replay(keyed('k'))).to.equal('kept');
      expect(await fixture.find()).to.equal(null);
    });

    it('is given it at once, also while another turn is running', async () => {
      await fixture.add('t1', keyed('k'));
      const running = await fixture.open();
      expect(await fixture.replay({ ...keyed('k'), onBusy: 'reject' })).to.equal('kept t1');
      expect(await fixture.replay({ ...keyed('k'), onBusy: 'queue' })).to.equal('kept t1');
      await running.release();
    });

    it('is given it for 24 hours, then it is another request', async () => {
      await fixture.add('t1', keyed('k'));
      await fixture.subject.ageReplays((REPLAY_TTL_SECONDS - 60) * 1000);
      expect(await fixture.replay(keyed('k'))).to.equal('kept t1');
      await fixture.subject.ageReplays(61_000);
      await fixture.add('t2', keyed('k', 'another digest'));
      expect(await fixture.replay(keyed('k', 'another digest'))).to.equal('kept t2');
    });

    it('is refused while the first one runs, whatever conversation it names', async () => {
      const opened = await fixture.open(keyed('k'));
      await expectInProgress(keyed('k'));
      await expectInProgress({ ...keyed('k'), conversationId: 'another' });
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expect(await fixture.replay({ ...keyed('k'), conversationId: 'another' })).to.equal('kept');
    });

    it('is refused while the first one waits', async () => {
      const running = await fixture.open();
      const waiting = fixture.open(keyed('k'));
      await expectInProgress(keyed('k'));
      await expectInProgress({ ...keyed('k'), onBusy: 'reject' });
      await running.release();
      await expectInProgress(keyed('k'));
      await (await waiting).commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expect(await fixture.replay(keyed('k'))).to.equal('kept');
    });

    it('is refused when it is not the same request: while the first one runs, and afterwards', async () => {
      const opened = await fixture.open(keyed('k'));
      expectAppError(await rejectionOf(fixture.open(keyed('k', 'other'))), 'idempotency_mismatch');
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expectAppError(await rejectionOf(fixture.open(keyed('k', 'other'))), 'idempotency_mismatch');
      expect(await fixture.replay(keyed('k'))).to.equal('kept');
    });

    it('fifty times at once opens one turn', async () => {
      await fixture.start({ maxWaiting: 50 });
      const attempts = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          fixture.open({ ...keyed('k'), conversationId: `c${index % 5}` }),
        ),
      );
      const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expectAppError(attempt.reason, 'request_in_progress');
      }
      expect(opened).to.have.length(1);
      await opened[0]?.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      const again = await Promise.all(Array.from({ length: 50 }, () => fixture.replay(keyed('k'))));
      expect(new Set(again)).to.deep.equal(new Set(['kept']));
    });

    it('without a key is another request', async () => {
      await fixture.add('t1', keyed('k'));
      await fixture.add('t2');
      expect(turnIds(await fixture.find())).to.deep.equal(['t1', 't2']);
    });

    it('keeps its answer too when its turn is in the conversation already', async () => {
      const before = await fixture.add('t1');
      await fixture.add('t1', keyed('k'));
      expect(await fixture.replay(keyed('k'))).to.equal('kept t1');
      expect(await fixture.find()).to.deep.equal(before);
    });
  });

  describe('an idempotency key', () => {
    it('is free again when its turn was released', async () => {
      await (await fixture.open(keyed('k'))).release();
      await fixture.add('t1', keyed('k', 'another digest'));
      expect(await fixture.replay(keyed('k', 'another digest'))).to.equal('kept t1');
    });

    it('is not freed by a release that comes after the commit', async () => {
      const opened = await fixture.open(keyed('k'));
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      await opened.release();
      expect(await fixture.replay(keyed('k'))).to.equal('kept');
    });

    it('is free again when the answer could not be made, and nothing was kept', async () => {
      const opened = await fixture.open(keyed('k'));
      const failure = new Error('no answer');
      const commit = opened.commit(completedTurn('t1'), TTL_SECONDS, () => {
        throw failure;
      });
      expect(await rejectionOf(commit)).to.equal(failure);
      await opened.release();
      expect(await fixture.find()).to.equal(null);
      await expectFree(keyed('k'));
    });

    it('is free again when the request was refused', async () => {
      await fixture.start({ maxWaiting: 1, maxWaitMs: 50 });
      const running = await fixture.open();
      expectAppError(
        await rejectionOf(fixture.open({ ...keyed('k1'), onBusy: 'reject' })),
        'conversation_busy',
      );
      const waiting = rejectionOf(fixture.open(keyed('k2')));
      expectAppError(await rejectionOf(fixture.open(keyed('k3'))), 'conversation_busy');
      expectAppError(await waiting, 'conversation_busy');
      await running.release();
      for (const key of ['k1', 'k2', 'k3']) await expectFree(keyed(key));
    });

    it('is free again when the caller went', async () => {
      const running = await fixture.open();
      const caller = new AbortController();
      const waiting = rejectionOf(fixture.open({ ...keyed('k1'), signal: caller.signal }));
      caller.abort(new Error('the caller went'));
      await waiting;
      await rejectionOf(fixture.open({ ...keyed('k2'), signal: caller.signal }));
      await running.release();
      for (const key of ['k1', 'k2']) await expectFree(keyed(key));
    });

    it("is its client's own", async () => {
      await fixture.add('mine', keyed('k'));
      await fixture.add('theirs', keyed('k', 'another digest'), OTHER_CLIENT);
      expect(await fixture.replay(keyed('k'))).to.equal('kept mine');
      expect(await fixture.replay(keyed('k', 'another digest'), OTHER_CLIENT)).to.equal('kept theirs');
    });

    it('cannot meet another through separators, and may hold every visible character', async () => {
      const pairs = ['a:b', 'a', 'b', '{a}', 'a:idem'].flatMap((client) =>
        ['c', 'b:c', ':c', 'c:', '{c}', 'c}', VISIBLE_ASCII, 'x'.repeat(255), 'x'.repeat(254)].map((key) => ({
          client,
          key,
        })),
      );
      for (const [index, { client, key }] of pairs.entries()) {
        await fixture.add(`t${index}`, keyed(key), client);
      }
      for (const [index, { client, key }] of pairs.entries()) {
        expect(await fixture.replay(keyed(key), client)).to.equal(`kept t${index}`);
      }
    });
  });

  describe('deletion takes idempotency keys along', () => {
    const deletions: [what: string, run: () => Promise<unknown>][] = [
      ['the conversation', () => fixture.cache.delete(CLIENT, CONVERSATION)],
      ['its character', () => fixture.cache.deleteByCharacter(CLIENT, CHARACTER)],
      ['its client', () => fixture.cache.deleteByClient(CLIENT)],
    ];
    for (const [what, run] of deletions) {
      it(`of ${what}: replay records`, async () => {
        await fixture.add('t1', keyed('k'));
        await run();
        await fixture.add('t2', keyed('k', 'another digest'));
        expect(await fixture.replay(keyed('k', 'another digest'))).to.equal('kept t2');
        expect(turnIds(await fixture.find())).to.deep.equal(['t2']);
      });

      it(`of ${what}: replay records of a conversation that had expired`, async () => {
        await (await fixture.open(keyed('k'))).commit(completedTurn('t1'), 1, () => 'kept');
        await fixture.subject.advance(2100);
        await run();
        await expectFree(keyed('k'));
      });

      it(`of ${what}: those of the turn that is open, and of those that wait`, async () => {
        const opened = await fixture.open(keyed('k1'));
        const waiting = rejectionOf(fixture.open(keyed('k2')));
        await run();
        await waiting;
        const commit = opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
        expect(await rejectionOf(commit)).to.be.instanceOf(Error);
        await expectFree(keyed('k2'));

        const successor = await fixture.open(keyed('k1'));
        await opened.release();
        await expectInProgress(keyed('k1'));
        await successor.commit(completedTurn('t2'), TTL_SECONDS, () => 'kept t2');
        expect(await fixture.replay(keyed('k1'))).to.equal('kept t2');
      });
    }

    it('and no others', async () => {
      await fixture.add('t1', { ...keyed('k1'), conversationId: 'another', characterId: OTHER_CHARACTER });
      await fixture.add('t2', keyed('k2'), OTHER_CLIENT);
      const running = await fixture.open({
        ...keyed('k3'),
        conversationId: 'third',
        characterId: OTHER_CHARACTER,
      });
      await fixture.cache.delete(CLIENT, CONVERSATION);
      await fixture.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect(await fixture.replay(keyed('k1'))).to.equal('kept t1');
      await expectInProgress(keyed('k3'));
      await running.release();
      await fixture.cache.deleteByClient(CLIENT);
      expect(await fixture.replay(keyed('k2'), OTHER_CLIENT)).to.equal('kept t2');
    });
  });
}
