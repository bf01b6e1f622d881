import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenTurn } from '#src/application/ports/chat/conversation-cache.js';
import type { ErrorCode } from '#src/domain/errors.js';
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
} from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const KEYS = `fw:1:{${CLIENT}}:`;

describeWithRedis('RedisConversationCache, several processes, in their own time', (redis) => {
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
  const commit = (turn: OpenTurn, id: string) => turn.commit(completedTurn(id), TTL_SECONDS, notAsked);
  const elapsed = async (operation: Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await operation;
    return performance.now() - start;
  };

  it('wait some seconds for one that died, and then no longer for those that waited with it', async () => {
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

  it('keep the right for as long as their turn takes', async () => {
    const long = await one.open(keyed('k'));
    await delay(5500);
    expectAppError(await rejectionOf(other.open({ onBusy: 'reject' })), 'conversation_busy');
    expectAppError(await rejectionOf(other.open(keyed('k'))), 'request_in_progress');
    await long.commit(completedTurn('t1'), TTL_SECONDS, () => 'kept');
  });

  it('give back at a Redis that was away what ended meanwhile', async () => {
    const opened = await one.open(keyed('k'));
    redis().freeze();
    while (one.connection.isAvailable) await rejectionOf(one.cache.check());
    await opened.release();
    redis().thaw();
    expect(await elapsed(other.open(keyed('k2')))).to.be.below(2500);
    await (await other.open({ ...keyed('k'), conversationId: 'another' })).release();
  });

  it("give up their turn when Redis was away for so long that it may be another one's", async () => {
    const opened = await one.open();
    redis().freeze();
    expect(await elapsed(lossOf(opened))).to.be.within(4500, 6000);
    expectAppError(opened.lost.reason, 'cache_unavailable');
    redis().thaw();
  });

  const countedTurns = () => one.connection.client.zcard(`${KEYS}o`);
  const burst = (fixture: RedisCacheFixture, count: number, maxConcurrentTurns: number) =>
    Promise.all(
      Array.from({ length: count }, () => fixture.ask({ conversationId: randomUUID(), maxConcurrentTurns })),
    );
  const admitted = (answers: Awaited<ReturnType<typeof burst>>) =>
    answers.filter(({ kind }) => kind === 'open').length;

  it('count what one holds for as long as it does, and no longer than some seconds after its death', async () => {
    const died = await RedisCacheFixture.start(redis());
    expect(admitted([...(await burst(died, 1, 2)), ...(await burst(one, 1, 2))])).to.equal(2);
    await died.die();
    const diedAt = performance.now();
    while (admitted(await burst(other, 1, 2)) === 0) await delay(50);
    expect(performance.now() - diedAt).to.be.within(3500, 6000);
    expect(await countedTurns()).to.equal(2);
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

  for (const [when, burst] of [
    ['whenever they ended', async () => undefined],
    [
      'that all ended in one millisecond',
      () =>
        one.connection.client.eval(
          `local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
           for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], last, member) end`,
          1,
          `${KEYS}ri`,
        ),
    ],
  ] as const) {
    it(`delete thousands of conversations with their answers, and those of nobody else, ${when}`, async () => {
      const addAll = async (characterId: string, count: number) => {
        for (let first = 0; first < count; first += 50) {
          const ids = Array.from({ length: 50 }, (_, index) => `${characterId}:${first + index}`);
          await Promise.all(ids.map((id) => one.add('t', { conversationId: id, characterId, ...keyed(id) })));
        }
      };
      const left = async (kind: string) => (await one.connection.client.keys(`${KEYS}${kind}:*`)).length;
      await addAll('another', 100);
      await addAll(CHARACTER, 2400);
      await addAll('a third', 100);
      await burst();
      await other.cache.deleteByCharacter(CLIENT, CHARACTER);
      expect([await left('c'), await left('x'), await left('r')]).to.deep.equal([200, 200, 200]);
      expect(await one.connection.client.zcard(`${KEYS}ri`)).to.equal(200);
      await addAll(CHARACTER, 2400);
      await burst();
      await other.cache.deleteByClient(CLIENT);
      for (const kind of ['c', 'x', 'r', 'i']) expect(await left(kind)).to.equal(0);
    });
  }
});
