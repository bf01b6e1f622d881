import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import {
  ConversationStore,
  type TurnCommit,
  type TurnTicket,
} from '#src/adapters/redis/conversations/conversation-store.js';
import type { OpenTurn, OpenTurnRequest } from '#src/application/ports/chat/conversation-cache.js';
import { toExchange } from '#src/domain/conversations/conversation.js';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  expectAppError,
  keyed,
  lossOf,
  notAsked,
  OTHER_CHARACTER,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const KEYS = `fw:1:{${CLIENT}}:`;

describeWithRedis('RedisConversationCache, several processes', (redis) => {
  let one: RedisCacheFixture;
  let other: RedisCacheFixture;

  beforeEach(async () => {
    [one, other] = [await RedisCacheFixture.start(redis()), await RedisCacheFixture.start(redis())];
    await one.connection.client.flushall();
  });
  afterEach(async () => {
    await one.stop();
    await other.stop();
  });

  const waiting = async (count: number): Promise<void> => {
    while ((await one.connection.client.zcard(`${KEYS}q:${CONVERSATION}`)) !== count);
  };
  /** Their entries in the index stay until the next answer is kept. */
  const expireRecords = async (): Promise<void> => {
    const records = await one.connection.client.keys(`${KEYS}r:*`);
    expect(records).not.to.deep.equal([]);
    await one.connection.client.del(...records);
  };
  const commit = (turn: OpenTurn, id: string) => turn.commit(completedTurn(id), TTL_SECONDS, notAsked);

  it('take turns in order of arrival', async () => {
    const first = await one.open();
    const admitted: number[] = [];
    const turns: Promise<void>[] = [];
    for (let index = 0; index < 8; index += 1) {
      turns.push(
        (index % 2 === 0 ? one : other).open().then(async (turn) => {
          admitted.push(index);
          await commit(turn, `t${index}`);
        }),
      );
      await waiting(index + 1);
    }
    await first.release();
    await Promise.all(turns);
    expect(admitted).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(turnIds(await other.cache.find(CLIENT, CONVERSATION))).to.deep.equal(
      admitted.map((index) => `t${index}`),
    );
  });

  it('count their waiting turns together', async () => {
    const first = await one.open();
    const turns = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => (index % 2 === 0 ? one : other).open());
    await waiting(8);
    for (const fixture of [one, other])
      expectAppError(await rejectionOf(fixture.open()), 'conversation_busy');
    await first.release();
    await Promise.all(turns.map(async (turn) => (await turn).release()));
  });

  it('take the right from one that was silent for too long: its commit is refused and its model call ended', async () => {
    const silent = await one.open();
    await one.connection.client.del(`${KEYS}l:${CONVERSATION}`);
    const successor = await other.open({ onBusy: 'reject' });
    const late = rejectionOf(commit(silent, 'late'));
    expectAppError(await late, 'cache_unavailable');
    await commit(successor, 't1');
    expect(turnIds(await one.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['t1']);

    const overtaken = await one.open();
    await one.connection.client.del(`${KEYS}l:${CONVERSATION}`);
    await other.open({ onBusy: 'reject' });
    await lossOf(overtaken);
    expectAppError(overtaken.lost.reason, 'cache_unavailable');
  });

  const countedTurns = () => one.connection.client.zcard(`${KEYS}o`);
  const burst = (fixture: RedisCacheFixture, count: number, maxConcurrentTurns: number) =>
    Promise.all(
      Array.from({ length: count }, () => fixture.ask({ conversationId: randomUUID(), maxConcurrentTurns })),
    );
  const admitted = (answers: Awaited<ReturnType<typeof burst>>) =>
    answers.filter(({ kind }) => kind === 'open').length;

  it('have as many turns at the same time as the limit, together', async () => {
    const [mine, theirs] = await Promise.all([burst(one, 200, 100), burst(other, 200, 100)]);
    expect(admitted(mine) + admitted(theirs)).to.equal(100);
    await Promise.all([...mine, ...theirs].map((answer) => answer.kind === 'open' && answer.release()));
    expect(await countedTurns()).to.equal(0);
  });

  const ticketFor = (
    onBusy: OpenTurnRequest['onBusy'],
    idempotency = keyed('k').idempotency,
  ): TurnTicket => ({
    clientId: CLIENT,
    token: 'token',
    request: {
      conversationId: CONVERSATION,
      characterId: CHARACTER,
      onBusy,
      idempotency,
      maxConcurrentTurns: null,
      signal: new AbortController().signal,
    },
  });

  for (const onBusy of ['reject', 'queue'] as const) {
    it(`get the same turn when their question arrives twice (${onBusy})`, async () => {
      await one.add('t1');
      const store = new ConversationStore(one.connection);
      const opened = await store.open(ticketFor(onBusy), 8);
      const again = await store.open(ticketFor(onBusy), 8);
      if (opened.kind !== 'open' || again.kind !== 'open') return expect.fail('it was not opened twice');
      expect(again.fence).to.equal(opened.fence);
      expect(again.conversation).to.deep.equal(opened.conversation);
      expect(turnIds(again.conversation)).to.deep.equal(['t1']);
      expectAppError(await rejectionOf(other.open(keyed('k'))), 'request_in_progress');
    });
  }

  for (const [what, idempotency] of [
    ['with a key', keyed('k').idempotency],
    ['without a key', null],
  ] as const) {
    it(`learn that their turn is kept when its commit arrives twice, ${what}`, async () => {
      const store = new ConversationStore(one.connection);
      const ticket = ticketFor('queue', idempotency);
      const opened = await store.open(ticket, 8);
      if (opened.kind !== 'open') return expect.fail('it was not opened');
      const exchange = toExchange(completedTurn('t1'));
      const commit: TurnCommit = {
        turnId: 't1',
        before: opened.conversation,
        after: {
          id: CONVERSATION,
          characterId: CHARACTER,
          greeting: null,
          turns: 1,
          exchanges: [exchange],
          expiresAt: new Date(opened.now + 60_000).toISOString(),
        },
        fence: opened.fence,
        answer: idempotency === null ? '' : 'kept',
        maxReplays: 10,
      };
      for (let times = 0; times < 2; times += 1) {
        expect(await store.commit(ticket, commit)).to.deep.equal({ kind: 'kept', next: null });
      }
      expect(turnIds(await other.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['t1']);
    });
  }

  it('keep the key of a turn that runs when a conversation is deleted in which it was used long ago', async () => {
    await one.add('t1', keyed('k'));
    await expireRecords();
    await one.open({ ...keyed('k'), conversationId: 'second' });
    await other.cache.delete(CLIENT, CONVERSATION);
    expectAppError(
      await rejectionOf(other.open({ ...keyed('k'), conversationId: 'third' })),
      'request_in_progress',
    );
  });

  it('keep the key of a turn that runs when the answers that are kept become too many', async () => {
    const small = await RedisCacheFixture.start(redis(), { maxReplays: 1 });
    await small.add('t1', keyed('k'));
    await expireRecords();
    await one.open({ ...keyed('k'), conversationId: 'second' });
    await small.add('t2', { ...keyed('k2'), conversationId: 'third' });
    expectAppError(
      await rejectionOf(other.open({ ...keyed('k'), conversationId: 'fourth' })),
      'request_in_progress',
    );
    await small.stop();
  });

  it('refuse the answer of a turn whose key is by now that of another one', async () => {
    const late = await one.open(keyed('k'));
    await expireRecords();
    const running = await other.open({ ...keyed('k'), conversationId: 'another' });
    const commit = (turn: OpenTurn, id: string) => turn.commit(completedTurn(id), TTL_SECONDS, () => id);
    expectAppError(await rejectionOf(commit(late, 'late')), 'cache_unavailable');
    expect(await other.cache.find(CLIENT, CONVERSATION)).to.equal(null);
    await commit(running, 't1');
    expect(await one.ask(keyed('k'))).to.deep.equal({ kind: 'replay', answer: 't1' });
  });

  it('begin anew where a conversation outlived its expiry for a turn whose right is gone', async () => {
    await (await one.open()).commit(completedTurn('old'), 1, notAsked);
    const silent = await one.open();
    await delay(1100);
    await one.connection.client.del(`${KEYS}l:${CONVERSATION}`);
    const successor = await other.open({ onBusy: 'reject' });
    expect(successor.conversation).to.equal(null);
    await commit(successor, 'new');
    expectAppError(await rejectionOf(commit(silent, 'late')), 'cache_unavailable');
    expect(turnIds(await one.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['new']);
  });

  it('keep a conversation no longer than its expiry once the turn that was shown it has ended', async () => {
    const ends: [what: string, run: (turn: OpenTurn) => Promise<unknown>][] = [
      ['released', (turn) => turn.release()],
      ['repeated', (turn) => commit(turn, 't')],
      ['deleted', () => other.cache.deleteByCharacter(CLIENT, OTHER_CHARACTER)],
    ];
    for (const [conversationId, end] of ends) {
      await (await one.open({ conversationId })).commit(completedTurn('t'), 1, notAsked);
      const turn = await one.open({ conversationId, characterId: OTHER_CHARACTER });
      await end(turn);
      for (const kind of ['c', 'x']) {
        const left = await one.connection.client.pttl(`${KEYS}${kind}:${conversationId}`);
        expect(left, `${kind} of what was ${conversationId}`).to.be.within(0, 1000);
      }
    }
  });

  it('have fences and places in the queue that rise, also when the clock of Redis was set back', async () => {
    const { client } = one.connection;
    const store = new ConversationStore(one.connection);
    const ahead = (Date.now() + 3_600_000) * 1000;
    await client.set(`${KEYS}f`, ahead);
    const fences: number[] = [];
    for (const token of ['first', 'second']) {
      const opened = await store.open({ ...ticketFor('reject', null), token }, 8);
      if (opened.kind !== 'open') return expect.fail('it was not opened');
      fences.push(Number(opened.fence));
      await store.release({ ...ticketFor('reject', null), token });
    }
    expect(fences).to.deep.equal([ahead + 1, ahead + 2]);

    await one.open();
    const queue = `${KEYS}q:${CONVERSATION}`;
    for (const token of ['third', 'fourth', 'fifth']) {
      await store.open({ ...ticketFor('queue', null), token }, 8);
      await client.zadd(queue, 'XX', ahead, `third|${CHARACTER}`);
    }
    expect(await client.zrange(queue, '0', '-1')).to.deep.equal(
      ['third', 'fourth', 'fifth'].map((token) => `${token}|${CHARACTER}`),
    );
  });

  it('begin anew where a Redis that evicts has left exchanges without their conversation', async () => {
    await one.add('old');
    await one.connection.client.del(`${KEYS}c:${CONVERSATION}`);
    await other.add('new');
    expect(turnIds(await one.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['new']);
  });

  it('have given a turn back when they say so, also one whose answer could not be made', async () => {
    const failure = new Error('no answer');
    const ends: ((turn: OpenTurn) => Promise<unknown>)[] = [
      (turn) => turn.release(),
      async (turn) => {
        const failing = () => {
          throw failure;
        };
        expect(await rejectionOf(turn.commit(completedTurn('t'), TTL_SECONDS, failing))).to.equal(failure);
      },
    ];
    for (const end of ends) {
      const turn = await one.open(keyed('k'));
      await one.connection.client.ping();
      redis().freeze();
      let hasEnded = false;
      const ended = end(turn).then(() => {
        hasEnded = true;
      });
      for (let round = 0; round < 50; round += 1) await new Promise(setImmediate);
      expect(hasEnded).to.equal(false);
      redis().thaw();
      await ended;
      await (await other.open({ onBusy: 'reject', ...keyed('k') })).release();
    }
  });

  it('give back what they hold when they stop', async () => {
    const held = await one.open(keyed('k'));
    await one.stop();
    expectAppError(held.lost.reason, 'cache_unavailable');
    await (await other.open({ onBusy: 'reject', ...keyed('k') })).release();
  });

  it('do not ask for the turn of a caller that has left the queue', async () => {
    await one.open();
    const { client } = other.connection;
    const fence = await client.get(`${KEYS}f`);
    const leaving = new AbortController();
    const left = rejectionOf(other.open({ signal: leaving.signal }));
    await waiting(1);
    // It has its answer, and waits.
    await client.ping();
    await new Promise(setImmediate);
    const freed = client.del(`${KEYS}l:${CONVERSATION}`);
    leaving.abort();
    await Promise.all([freed, left]);
    expect(await client.get(`${KEYS}f`)).to.equal(fence);
  });

  it('cannot get by a late question what they have given back', async () => {
    const store = new ConversationStore(one.connection);
    const ticket = ticketFor('queue');
    await store.release(ticket);
    expect(await store.open(ticket, 8)).to.deep.equal({ kind: 'ended', reason: 'released' });
    await (await other.open({ onBusy: 'reject', ...keyed('k') })).release();
  });
});
