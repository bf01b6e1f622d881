import { once } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { RedisClient } from '#src/adapters/redis/connection/create-redis-client.js';
import {
  CLIENT,
  CONVERSATION,
  completedTurn,
  expectAppError,
  keyed,
  rejectionOf,
  TTL_SECONDS,
  turnIds,
} from '#tests/support/fixtures/cache-fixture.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

/** Answers that were kept within one millisecond have no order. */
async function nextMillisecond(client: RedisClient): Promise<void> {
  const now = async () => {
    const [seconds, microseconds] = await client.time();
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  };
  const began = await now();
  while ((await now()) === began);
}

describeWithRedis('RedisConversationCache, as Redis sees it', (redis) => {
  let fixture: RedisCacheFixture;

  beforeEach(async () => {
    fixture = await RedisCacheFixture.start(redis());
    await fixture.connection.client.flushall();
  });
  afterEach(() => fixture.stop());

  const keys = () => fixture.connection.client.keys('*');

  /** The commands that came over the network. */
  async function commandsOf(operation: () => Promise<unknown>): Promise<string[]> {
    const commands: string[] = [];
    const monitor = await new Redis(redis().url, { lazyConnect: true }).monitor();
    monitor.on('monitor', (_time: string, [command]: string[], source: string) => {
      if (source !== 'lua' && command !== undefined) commands.push(command.toLowerCase());
    });
    await operation();
    await fixture.connection.client.echo('end');
    while (commands.at(-1) !== 'echo') await once(monitor, 'monitor');
    monitor.disconnect();
    return commands.slice(0, -1);
  }

  it('asks it twice for a turn, with an idempotency key too', async () => {
    await fixture.add('t1', keyed('k1'));
    expect(await commandsOf(() => fixture.add('t2', keyed('k2')))).to.deep.equal(['evalsha', 'evalsha']);
    expect(await commandsOf(() => fixture.add('t3'))).to.deep.equal(['evalsha', 'evalsha']);
  });

  it('commits and releases on a server that has forgotten the scripts', async () => {
    const opened = await fixture.open();
    await fixture.connection.client.script('FLUSH');
    await opened.commit(completedTurn('t1'), TTL_SECONDS, () => '');
    const again = await fixture.open();
    await fixture.connection.client.script('FLUSH');
    await again.release();
    const last = await fixture.open({ onBusy: 'reject' });
    expect(turnIds(last.conversation)).to.deep.equal(['t1']);
  });

  it('leaves nothing behind that does not expire, in one slot for each client', async () => {
    await fixture.add('t1', keyed('k1'));
    const opened = await fixture.open(keyed('k2'));
    const waiting = rejectionOf(fixture.open(keyed('k3')));
    await fixture.open({ conversationId: 'another', characterId: 'another' });
    expect(await keys()).to.have.length.above(12);
    await fixture.cache.delete(CLIENT, CONVERSATION);
    await waiting;
    await rejectionOf(opened.commit(completedTurn('t2'), TTL_SECONDS, () => ''));
    await (await fixture.open()).release();
    for (const key of await keys()) {
      expect(await fixture.connection.client.pttl(key), key).to.be.within(1, 86_400_000);
      expect(key).to.match(/^fw:1:\{0190a000-0000-7000-8000-000000000001\}:/);
    }
  });

  it('keeps so many answers of a client and no more, the newest', async () => {
    const small = await RedisCacheFixture.start(redis(), { maxReplays: 2 });
    for (const key of ['k1', 'k2', 'k3']) {
      await small.add(key, keyed(key));
      await nextMillisecond(small.connection.client);
    }
    expect(await small.connection.client.keys('*:r:*')).to.have.length(2);
    await (await small.open(keyed('k1', 'another digest'))).release();
    expectAppError(await rejectionOf(small.open(keyed('k2', 'another digest'))), 'idempotency_mismatch');
    await small.stop();
  });

  it('says that a full Redis is unavailable, stores nothing by halves, and gives back what it held', async () => {
    const full = await RedisServer.start('--maxmemory 3mb', '--maxmemory-policy noeviction');
    const cramped = await RedisCacheFixture.start(full);
    await cramped.add('t1', keyed('k1'));
    const opened = await cramped.open(keyed('k2'));
    const held = await cramped.open({ conversationId: 'held' });
    const { client } = cramped.connection;
    const fillBy = async (bytes: number): Promise<unknown> => {
      for (;;) await client.append('ballast', 'x'.repeat(bytes));
    };
    for (const bytes of [50_000, 1000, 10]) await rejectionOf(fillBy(bytes));
    expectAppError(await rejectionOf(cramped.cache.check()), 'cache_unavailable');
    const late = opened.commit(completedTurn('t2'), TTL_SECONDS, () => 'kept');
    expectAppError(await rejectionOf(late), 'cache_unavailable');
    expectAppError(await rejectionOf(cramped.open({ conversationId: 'new' })), 'cache_unavailable');
    await client.pexpire(`fw:1:{${CLIENT}}:l:held`, 2000);
    // The next renewal of its turn; without it the key goes, and this never ends.
    while ((await client.pttl(`fw:1:{${CLIENT}}:l:held`)) <= 2000) await turnOfTheLoop();
    expect(turnIds(await cramped.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['t1']);
    await cramped.cache.delete(CLIENT, 'nothing');
    expect(await client.pttl(`fw:1:{${CLIENT}}:l:held`)).to.be.above(2000);
    expect(held.lost.aborted).to.equal(false);
    await client.del('ballast');
    await (await cramped.open({ onBusy: 'reject', ...keyed('k2') })).release();
    await cramped.stop();
    await full.stop();
  });
});
