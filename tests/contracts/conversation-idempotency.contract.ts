import { expect } from 'chai';
import { REPLAY_TTL_SECONDS } from '#src/application/ports/chat/conversation-cache.js';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  type ConversationCacheBench,
  completedTurn,
  expectAppError,
  keyed,
  OTHER_CHARACTER,
  OTHER_CLIENT,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '../support/fixtures/conversation-cache-bench.js';

const VISIBLE_ASCII = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 33 + index));

/** A request that is sent again is answered again, and its turn is not run again. */
export function conversationIdempotencyContract(bench: ConversationCacheBench): void {
  const expectInProgress = async (changes: object): Promise<void> => {
    const refusal = await rejectionOf(bench.open(changes));
    expectAppError(refusal, 'request_in_progress');
    expect(refusal).to.have.property('retryAfterSeconds', 1);
  };
  /** The key is free: the next request with it opens a turn. */
  const expectFree = async (changes: object): Promise<void> => (await bench.open(changes)).release();

  describe('a request that is sent again', () => {
    it('is given what was kept for it, byte for byte, as often as it comes', async () => {
      const text = 'quotes "\'` {x} ${ %s \\ \u0001\u001f\n\r\t é 日本 👩‍👩‍👧 \u2028';
      const opened = await bench.open(keyed('k'));
      const committed = await opened.commit(completedTurn('t1'), TTL_SECONDS, (after) =>
        JSON.stringify({ text, after }),
      );
      for (let time = 1; time <= 3; time += 1) {
        expect(await bench.replay(keyed('k'))).to.equal(JSON.stringify({ text, after: committed }));
      }
      expect(await bench.find()).to.deep.equal(committed);
    });

    it('is given it whatever has become of its conversation by itself, and does not renew it', async function () {
      this.timeout(30_000);
      const opened = await bench.open(keyed('k'));
      await opened.commit(completedTurn('t1'), 2, () => 'kept');
      await bench.subject.advance(1000);
      expect(await bench.replay(keyed('k'))).to.equal('kept');
      await bench.subject.advance(2000);
      expect(await bench.find()).to.equal(null);
      expect(await bench.replay(keyed('k'))).to.equal('kept');
      expect(await bench.find()).to.equal(null);
    });

    it('is given it at once, also while another turn is running', async () => {
      await bench.add('t1', keyed('k'));
      const running = await bench.open();
      expect(await bench.replay({ ...keyed('k'), onBusy: 'reject' })).to.equal('kept t1');
      expect(await bench.replay({ ...keyed('k'), onBusy: 'queue' })).to.equal('kept t1');
      await running.release();
    });

    it('is given it for 24 hours, then it is another request', async () => {
      await bench.add('t1', keyed('k'));
      await bench.subject.ageReplays((REPLAY_TTL_SECONDS - 60) * 1000);
      expect(await bench.replay(keyed('k'))).to.equal('kept t1');
      await bench.subject.ageReplays(61_000);
      await bench.add('t2', keyed('k', 'another digest'));
      expect(await bench.replay(keyed('k', 'another digest'))).to.equal('kept t2');
    });

    it('is refused while the first one runs, whatever conversation it names', async () => {
      const opened = await bench.open(keyed('k'));
      await expectInProgress(keyed('k'));
      await expectInProgress({ ...keyed('k'), conversationId: 'another' });
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expect(await bench.replay({ ...keyed('k'), conversationId: 'another' })).to.equal('kept');
    });

    it('is refused while the first one waits', async () => {
      const running = await bench.open();
      const waiting = bench.open(keyed('k'));
      await expectInProgress(keyed('k'));
      await expectInProgress({ ...keyed('k'), onBusy: 'reject' });
      await running.release();
      await expectInProgress(keyed('k'));
      await (await waiting).commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expect(await bench.replay(keyed('k'))).to.equal('kept');
    });

    it('is refused when it is not the same request: while the first one runs, and afterwards', async () => {
      const opened = await bench.open(keyed('k'));
      expectAppError(await rejectionOf(bench.open(keyed('k', 'other'))), 'idempotency_mismatch');
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      expectAppError(await rejectionOf(bench.open(keyed('k', 'other'))), 'idempotency_mismatch');
      expect(await bench.replay(keyed('k'))).to.equal('kept');
    });

    it('fifty times at once opens one turn', async () => {
      await bench.start({ maxWaiting: 50 });
      const attempts = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          bench.open({ ...keyed('k'), conversationId: `c${index % 5}` }),
        ),
      );
      const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expectAppError(attempt.reason, 'request_in_progress');
      }
      expect(opened).to.have.length(1);
      await opened[0]?.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      const again = await Promise.all(Array.from({ length: 50 }, () => bench.replay(keyed('k'))));
      expect(new Set(again)).to.deep.equal(new Set(['kept']));
    });

    it('without a key is another request', async () => {
      await bench.add('t1', keyed('k'));
      await bench.add('t2');
      expect(turnIds(await bench.find())).to.deep.equal(['t1', 't2']);
    });

    it('keeps its answer too when its turn is in the conversation already', async () => {
      const before = await bench.add('t1');
      await bench.add('t1', keyed('k'));
      expect(await bench.replay(keyed('k'))).to.equal('kept t1');
      expect(await bench.find()).to.deep.equal(before);
    });
  });

  describe('an idempotency key', () => {
    it('is free again when its turn was released', async () => {
      await (await bench.open(keyed('k'))).release();
      await bench.add('t1', keyed('k', 'another digest'));
      expect(await bench.replay(keyed('k', 'another digest'))).to.equal('kept t1');
    });

    it('is not freed by a release that comes after the commit', async () => {
      const opened = await bench.open(keyed('k'));
      await opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
      await opened.release();
      expect(await bench.replay(keyed('k'))).to.equal('kept');
    });

    it('is free again when the answer could not be made, and nothing was kept', async () => {
      const opened = await bench.open(keyed('k'));
      const failure = new Error('no answer');
      const commit = opened.commit(completedTurn('t1'), TTL_SECONDS, () => {
        throw failure;
      });
      expect(await rejectionOf(commit)).to.equal(failure);
      await opened.release();
      expect(await bench.find()).to.equal(null);
      await expectFree(keyed('k'));
    });

    it('is free again when the request was refused', async () => {
      await bench.start({ maxWaiting: 1, maxWaitMs: 50 });
      const running = await bench.open();
      expectAppError(
        await rejectionOf(bench.open({ ...keyed('k1'), onBusy: 'reject' })),
        'conversation_busy',
      );
      const waiting = rejectionOf(bench.open(keyed('k2')));
      expectAppError(await rejectionOf(bench.open(keyed('k3'))), 'conversation_busy');
      expectAppError(await waiting, 'conversation_busy');
      await running.release();
      for (const key of ['k1', 'k2', 'k3']) await expectFree(keyed(key));
    });

    it('is free again when the caller went', async () => {
      const running = await bench.open();
      const caller = new AbortController();
      const waiting = rejectionOf(bench.open({ ...keyed('k1'), signal: caller.signal }));
      caller.abort(new Error('the caller went'));
      await waiting;
      await rejectionOf(bench.open({ ...keyed('k2'), signal: caller.signal }));
      await running.release();
      for (const key of ['k1', 'k2']) await expectFree(keyed(key));
    });

    it("is its client's own", async () => {
      await bench.add('mine', keyed('k'));
      await bench.add('theirs', keyed('k', 'another digest'), OTHER_CLIENT);
      expect(await bench.replay(keyed('k'))).to.equal('kept mine');
      expect(await bench.replay(keyed('k', 'another digest'), OTHER_CLIENT)).to.equal('kept theirs');
    });

    it('cannot meet another through separators, and may hold every visible character', async () => {
      const pairs = ['a:b', 'a', 'b', '{a}', 'a:idem'].flatMap((client) =>
        ['c', 'b:c', ':c', 'c:', '{c}', 'c}', VISIBLE_ASCII, 'x'.repeat(255), 'x'.repeat(254)].map((key) => ({
          client,
          key,
        })),
      );
      for (const [index, { client, key }] of pairs.entries()) {
        await bench.add(`t${index}`, keyed(key), client);
      }
      for (const [index, { client, key }] of pairs.entries()) {
        expect(await bench.replay(keyed(key), client)).to.equal(`kept t${index}`);
      }
    });
  });

  describe('deletion takes idempotency keys along', () => {
    const deletions: [what: string, run: () => Promise<unknown>][] = [
      ['the conversation', () => bench.cache.delete(CLIENT, CONVERSATION)],
      ['its character', () => bench.cache.deleteByCharacter(CLIENT, CHARACTER)],
      ['its client', () => bench.cache.deleteByClient(CLIENT)],
    ];
    for (const [what, run] of deletions) {
      it(`of ${what}: kept answers`, async () => {
        await bench.add('t1', keyed('k'));
        await run();
        await bench.add('t2', keyed('k', 'another digest'));
        expect(await bench.replay(keyed('k', 'another digest'))).to.equal('kept t2');
        expect(turnIds(await bench.find())).to.deep.equal(['t2']);
      });

      it(`of ${what}: kept answers of a conversation that had expired`, async function () {
        this.timeout(30_000);
        await (await bench.open(keyed('k'))).commit(completedTurn('t1'), 1, () => 'kept');
        await bench.subject.advance(2100);
        await run();
        await expectFree(keyed('k'));
      });

      it(`of ${what}: those of the turn that is open, and of those that wait`, async () => {
        const opened = await bench.open(keyed('k1'));
        const waiting = rejectionOf(bench.open(keyed('k2')));
        await run();
        await waiting;
        const commit = opened.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
        expect(await rejectionOf(commit)).to.be.instanceOf(Error);
        await expectFree(keyed('k2'));

        const successor = await bench.open(keyed('k1'));
        await opened.release();
        await expectInProgress(keyed('k1'));
        await successor.commit(completedTurn('t2'), TTL_SECONDS, () => 'kept t2');
        expect(await bench.replay(keyed('k1'))).to.equal('kept t2');
      });
    }

    it('and no others', async () => {
      await bench.add('t1', { ...keyed('k1'), conversationId: 'another', characterId: OTHER_CHARACTER });
      await bench.add('t2', keyed('k2'), OTHER_CLIENT);
      const running = await bench.open({
        ...keyed('k3'),
        conversationId: 'third',
        characterId: OTHER_CHARACTER,
      });
      await bench.cache.delete(CLIENT, CONVERSATION);
      await bench.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect(await bench.replay(keyed('k1'))).to.equal('kept t1');
      await expectInProgress(keyed('k3'));
      await running.release();
      await bench.cache.deleteByClient(CLIENT);
      expect(await bench.replay(keyed('k2'), OTHER_CLIENT)).to.equal('kept t2');
    });
  });
}
