import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ConversationStore } from '#src/adapters/redis/conversation-store.js';
import type { OpenTurn } from '#src/application/ports/conversation-cache.js';
import type { ErrorCode } from '#src/domain/app-error.js';
import {
  CHARACTER,
  CLIENT,
  CONVERSATION,
  completedTurn,
  expectAppError,
  keyed,
  lossOf,
  notAsked,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '#tests/support/conversation-cache-bench.js';
import { describeWithRedis } from '#tests/support/with-redis.js';
import { RedisBench } from './redis-bench.js';

const KEYS = `fw:1:{${CLIENT}}:`;

describeWithRedis('RedisConversationCache, several processes', (redis) => {
  let one: RedisBench;
  let other: RedisBench;

  beforeEach(async () => {
    [one, other] = [await RedisBench.start(redis()), await RedisBench.start(redis())];
    await one.connection.client.flushall();
  });
  afterEach(async () => {
    await one.stop();
    await other.stop();
  });

  const waiting = async (count: number): Promise<void> => {
    while ((await one.connection.client.zcard(`${KEYS}q:${CONVERSATION}`)) !== count);
  };
  const commit = (turn: OpenTurn, id: string) => turn.commit(completedTurn(id), TTL_SECONDS, notAsked);
  const elapsed = async (operation: Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await operation;
    return performance.now() - start;
  };

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
    for (const bench of [one, other]) expectAppError(await rejectionOf(bench.open()), 'conversation_busy');
    await first.release();
    await Promise.all(turns.map(async (turn) => (await turn).release()));
  });

  it('wait some seconds for one that died, and then no longer for those that waited with it', async function () {
    this.timeout(15_000);
    await one.add('t1');
    await one.open(keyed('k'));
    const dead = rejectionOf(one.open());
    const alive = other.open();
    await waiting(2);
    await one.die();
    await dead;
    expect(await elapsed(alive)).to.be.within(3000, 6500);
    expect(turnIds((await alive).conversation)).to.deep.equal(['t1']);
    await (await alive).release();
    await (await other.open(keyed('k'))).release();
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
    expect(await elapsed(lossOf(overtaken))).to.be.below(1000);
    expectAppError(overtaken.lost.reason, 'cache_unavailable');
  });

  it('keep the right for as long as their turn takes', async function () {
    this.timeout(15_000);
    const long = await one.open(keyed('k'));
    await delay(5500);
    expectAppError(await rejectionOf(other.open({ onBusy: 'reject' })), 'conversation_busy');
    expectAppError(await rejectionOf(other.open(keyed('k'))), 'request_in_progress');
    await long.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
  });

  it('tell a Redis that was away what they gave back meanwhile', async () => {
    const opened = await one.open(keyed('k'));
    redis().freeze();
    while (one.connection.isAvailable) await rejectionOf(one.cache.check());
    await opened.release();
    redis().thaw();
    expect(await elapsed(other.open(keyed('k2')))).to.be.below(2500);
    await (await other.open({ ...keyed('k'), conversationId: 'another' })).release();
  });

  it("give up their turn when Redis was away for so long that it may be another one's", async function () {
    this.timeout(15_000);
    const opened = await one.open();
    redis().freeze();
    expect(await elapsed(lossOf(opened))).to.be.within(4500, 6000);
    expectAppError(opened.lost.reason, 'cache_unavailable');
    redis().thaw();
  });

  it('cannot get by a late question what they have given back', async () => {
    const store = new ConversationStore(one.connection);
    const ticket = {
      clientId: CLIENT,
      token: 'token',
      request: {
        conversationId: CONVERSATION,
        characterId: CHARACTER,
        onBusy: 'queue',
        idempotency: { key: 'k', digest: 'digest' },
        signal: new AbortController().signal,
      },
    } as const;
    await store.release(ticket);
    expect(await store.open(ticket, 8)).to.deep.equal({ kind: 'ended', reason: 'released' });
    await (await other.open({ onBusy: 'reject', ...keyed('k') })).release();
  });

  const deletions: [what: string, code: ErrorCode, run: () => Promise<unknown>][] = [
    ['a conversation', 'conversation_not_found', () => other.cache.delete(CLIENT, CONVERSATION)],
    ['a character', 'character_not_found', () => other.cache.deleteByCharacter(CLIENT, CHARACTER)],
    ['a client', 'unauthenticated', () => other.cache.deleteByClient(CLIENT)],
  ];
  for (const [what, code, run] of deletions) {
    it(`learn within a second that ${what} was deleted by another`, async () => {
      await one.add('t1');
      const opened = await one.open();
      const refused = rejectionOf(one.open());
      await waiting(1);
      await run();
      const start = performance.now();
      expectAppError(await lossOf(opened), code);
      expectAppError(await refused, code);
      expect(performance.now() - start).to.be.below(1000);
      expectAppError(await rejectionOf(commit(opened, 'late')), code);
      expect(await one.cache.find(CLIENT, CONVERSATION)).to.equal(null);
    });
  }

  it('delete thousands of conversations, and those of nobody else', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    await Promise.all(
      ids.map((conversationId) => one.add('t', { conversationId, ...keyed(conversationId) })),
    );
    await one.add('t', { conversationId: 'kept', characterId: 'another' });
    await other.cache.deleteByCharacter(CLIENT, CHARACTER);
    const left = (kind: string) => one.connection.client.keys(`${KEYS}${kind}:*`);
    expect(await left('c')).to.deep.equal([`${KEYS}c:kept`]);
    expect(await left('r')).to.deep.equal([]);
    await Promise.all(
      ids.map((conversationId) => one.add('t', { conversationId, ...keyed(conversationId) })),
    );
    await other.cache.deleteByClient(CLIENT);
    for (const kind of ['c', 'x', 'r', 'i']) expect(await left(kind)).to.deep.equal([]);
  });
});
