import { once } from 'node:events';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import sinon from 'sinon';
import { RedisTokenBudget } from '#src/adapters/redis/budgets/redis-token-budget.js';
import { FaultyProxy } from '#tests/reliability/faulty-proxy.js';
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
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const KEYS = `fw:1:{${CLIENT}}:`;

/** What was sent is under way until nobody waits for it any more. */
describeWithRedis('what arrives at Redis when its caller has been refused', (redis) => {
  let fixture: RedisCacheFixture;
  let proxy: FaultyProxy;
  let observer: Redis;

  beforeEach(async () => {
    const { url, port, password } = redis();
    proxy = await FaultyProxy.start(port);
    const topology = {
      kind: 'single',
      address: { host: '127.0.0.1', port: proxy.port },
      database: 0,
    } as const;
    const connection = { topology, credentials: { username: null, password }, tls: false };
    fixture = await RedisCacheFixture.start({ url, connection });
    observer = new Redis(url);
    await observer.flushall();
    await fixture.add('t1');
  });
  afterEach(async () => {
    observer.disconnect();
    await fixture.stop();
    await proxy.close();
  });

  async function refusedUnderWay(operation: () => Promise<unknown>): Promise<void> {
    proxy.hold();
    expectAppError(await rejectionOf(operation()), 'cache_unavailable');
    proxy.deliver();
    await fixture.connection.client.echo('what was sent has arrived');
  }

  it('opens no turn', async () => {
    const fence = await observer.get(`${KEYS}f`);
    await refusedUnderWay(() => fixture.open(keyed('k')));
    expect(await observer.get(`${KEYS}f`)).to.equal(fence);
    expect(await observer.exists(`${KEYS}l:${CONVERSATION}`)).to.equal(0);
  });

  it('commits no turn', async () => {
    const opened = await fixture.open();
    await refusedUnderWay(() => opened.commit(completedTurn('t2'), TTL_SECONDS, () => ''));
    expect(turnIds(await fixture.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['t1']);
  });

  it('deletes no conversation', async () => {
    await refusedUnderWay(() => fixture.cache.delete(CLIENT, CONVERSATION));
    expect(turnIds(await fixture.cache.find(CLIENT, CONVERSATION))).to.deep.equal(['t1']);
  });

  it('holds no part of a budget', async () => {
    const budget = new RedisTokenBudget({
      connection: fixture.connection,
      newId: () => 'one',
      leaseMs: 60_000,
    });
    const reserve = (tokens: number) =>
      budget.reserve(CLIENT, { day: '2026-01-01', tokens, limit: 100, recordedUse: async () => 0 });
    const first = await reserve(1);
    if (first.kind === 'reserved') await first.settle(1);
    await refusedUnderWay(() => reserve(50));
    expect(await budget.find(CLIENT, '2026-01-01')).to.deep.equal({ spent: 1, held: 0 });
    budget.close();
  });

  it('is measured by a clock that was read when the connection was there, before anybody asked', async () => {
    const fresh = await RedisCacheFixture.start(redis());
    const { client } = fresh.connection;
    // What the answer to this one comes behind.
    await client.ping();
    await observer.config('RESETSTAT');
    const again = once(client, 'ready');
    client.disconnect(true);
    await again;
    await client.ping();
    expect(await observer.info('commandstats')).to.match(/^cmdstat_time:calls=1,/m);
    await observer.config('RESETSTAT');
    const other = await RedisCacheFixture.start(redis());
    await other.connection.client.ping();
    expect(await observer.info('commandstats')).to.match(/^cmdstat_time:calls=1,/m);
    await Promise.all([fresh.stop(), other.stop()]);
  });

  it('is asked once more by a clock that has been set since, and then runs', async () => {
    const { connection } = fixture;
    const run = sinon.stub(connection, 'run');
    const withLongGoneDeadline: typeof connection.run = (script, keys, args, timeoutMs) =>
      run.wrappedMethod.call(connection, script, keys, [...args.slice(0, -1), 1], timeoutMs);
    run.onFirstCall().callsFake(withLongGoneDeadline);
    run.callThrough();
    const opened = await fixture.open();
    expect(run.callCount).to.equal(2);
    await opened.release();
  });
});
