import { once } from 'node:events';
import { expect } from 'chai';
import { sha256Digest } from '#src/adapters/crypto/sha256-digest.js';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { BatchedCounters } from '#src/adapters/redis/counters/batched-counters.js';
import type { FailureLimit } from '#src/application/limits/failure-limiter.js';
import { FailureLimiter } from '#src/application/limits/failure-limiter.js';
import { KnownAddresses } from '#src/application/limits/known-addresses.js';
import type { RateLimit } from '#src/application/limits/rate-limit.js';
import { RateLimiter } from '#src/application/limits/rate-limiter.js';
import { failureLimiterContract } from '#tests/contracts/failure-limiter.contract.js';
import { knownAddressesContract } from '#tests/contracts/known-addresses.contract.js';
import { rateLimiterContract } from '#tests/contracts/rate-limiter.contract.js';
import { countersOn } from '#tests/support/assertions/redis-counters.js';
import { advanceRedis } from '#tests/support/assertions/redis-time.js';
import { ManualClock } from '#tests/support/fakes/manual-clock.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';

const connect = (server: RedisServer) =>
  RedisConnection.open({ settings: server.connection, logger: recordingLogger([]) });

describe('limiters on Redis', () => {
  let server: RedisServer;
  let connection: RedisConnection;

  before(async () => {
    server = await RedisServer.start();
    connection = await connect(server);
  });
  beforeEach(() => connection.client.flushall());
  after(async () => {
    await connection.close();
    await server.stop();
  });

  const close = async () => undefined;
  rateLimiterContract({
    name: 'Redis',
    open: async () => {
      const clock = new ManualClock();
      return {
        limiter: new RateLimiter({ counters: countersOn(connection), instances: 3, clock }),
        advance: async (ms) => {
          clock.advance(ms);
          await advanceRedis(connection, ms);
        },
        close,
      };
    },
  });
  failureLimiterContract({
    name: 'Redis',
    open: async () => {
      const clock = new ManualClock();
      return {
        limiter: new FailureLimiter({
          counters: countersOn(connection),
          instances: 3,
          clock,
          digest: sha256Digest,
        }),
        advance: async (ms) => {
          clock.advance(ms);
          await advanceRedis(connection, ms);
        },
        close,
      };
    },
  });
  knownAddressesContract({
    name: 'Redis',
    open: async () => ({
      addresses: new KnownAddresses({ counters: countersOn(connection), digest: sha256Digest }),
      advance: (ms) => advanceRedis(connection, ms),
      close,
    }),
  });

  const commands = async () => {
    const [, count] = /total_commands_processed:(\d+)/.exec(await connection.client.info('stats')) ?? [];
    return Number(count);
  };

  describe('FailureLimiter', () => {
    const LIMIT: FailureLimit = { scope: 'password', limit: 3, windowSeconds: 60, maxBlockSeconds: 60 };

    it('asks Redis nothing for a blocked one that hammers on', async () => {
      const clock = new ManualClock();
      const limiter = new FailureLimiter({
        counters: countersOn(connection),
        instances: 3,
        clock,
        digest: sha256Digest,
      });
      for (let count = 0; count < 3; count += 1) {
        await limiter.attempt(LIMIT, 'ada');
        await limiter.fail(LIMIT, 'ada');
      }
      await limiter.attempt(LIMIT, 'ada');
      const before = await commands();
      for (let count = 0; count < 500; count += 1) {
        expect(await limiter.attempt(LIMIT, 'ada')).to.include({ allowed: false, isBlocked: true });
        expect((await limiter.peek(LIMIT, 'ada')).allowed).to.equal(false);
      }
      // The one that asks.
      expect((await commands()) - before).to.equal(1);
    });

    it('begins no count with what is given back, and none below 0', async () => {
      const limiter = new FailureLimiter({
        counters: countersOn(connection),
        instances: 3,
        clock: new ManualClock(),
        digest: sha256Digest,
      });
      await limiter.giveBack(LIMIT, 'ada');
      expect(await connection.client.dbsize()).to.equal(0);
      await limiter.attempt(LIMIT, 'ada');
      for (let count = 0; count < 3; count += 1) await limiter.giveBack(LIMIT, 'ada');
      expect(await connection.client.dbsize()).to.equal(0);
    });
  });

  it('takes no ordinary error reply for an absence: wrong type, full', async () => {
    const own = await connect(server);
    const { client } = own;
    const refuse = async (operation: () => Promise<unknown>) => {
      for (let count = 0; count < 5; count += 1) {
        const error: unknown = await own.attempt(operation).catch((thrown: unknown) => thrown);
        expect(error).to.include({ code: 'cache_unavailable' });
        expect(own.isAvailable).to.equal(true);
      }
    };
    await client.rpush('spoilt', 'a list');
    await refuse(() => client.incr('spoilt'));
    await client.config('SET', 'maxmemory', '1');
    await refuse(() => client.set('more', 'x'));
    await client.config('SET', 'maxmemory', '0');
    expect(await own.attempt(() => client.get('more'))).to.equal(null);
    for (let count = 0; count < 3; count += 1) {
      await own.attempt(() => new Promise(() => undefined), 1).catch(() => undefined);
    }
    expect(own.isAvailable).to.equal(false);
    await own.close();
  });

  it('takes a replica for no absence, and looks for the new master at each error reply of it', async () => {
    const own = await connect(server);
    const write = () => own.attempt((client) => client.set('key', 'value'));
    await connection.client.replicaof('127.0.0.1', 1);
    try {
      for (let count = 0; count < 5; count += 1) {
        const isBack = once(own.client, 'ready');
        const error: unknown = await write().catch((thrown: unknown) => thrown);
        expect(error).to.include({ code: 'cache_unavailable' });
        await isBack;
        expect(own.isAvailable).to.equal(true);
      }
    } finally {
      await connection.client.replicaof('NO', 'ONE');
    }
    expect(await write()).to.equal('OK');
    await own.close();
  });

  it('fails only whoever asked for what cannot be counted', async () => {
    const batched = new BatchedCounters(connection);
    await connection.client.rpush('spoilt', 'a list');
    const outcomes = await Promise.allSettled([
      batched.add('first', 1, 60),
      batched.add('spoilt', 1, 60),
      batched.addBoth({ key: 'third', windowSeconds: 60, max: 9 }, { key: 'spoilt', windowSeconds: 60 }),
      batched.addBoth({ key: 'spoilt', windowSeconds: 60, max: 9 }, { key: 'fifth', windowSeconds: 60 }),
      batched.addBoth({ key: 'sixth', windowSeconds: 60, max: 0 }, { key: 'seventh', windowSeconds: 60 }),
      batched.add('last', 1, 60),
    ]);
    const spoilt = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(spoilt).to.have.length(3);
    for (const reason of spoilt) expect(reason).to.have.property('code', 'cache_unavailable');
    expect(
      outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    ).to.deep.equal([
      [1, 60_000],
      [[1, 60_000], null],
      [1, 60_000],
    ]);
    expect(await connection.client.exists('fifth', 'seventh')).to.equal(0);
  });

  describe('RateLimiter', () => {
    const LIMIT: RateLimit = { scope: 'chat', limit: 100, windowSeconds: 60 };
    const clock = new ManualClock();
    const limiterOn = (over: RedisConnection, instances = 3) =>
      new RateLimiter({ counters: countersOn(over), instances, clock });
    const allowed = async (limiter: RateLimiter, times: number) => {
      const decisions = await Promise.all(Array.from({ length: times }, () => limiter.consume(LIMIT, 'ada')));
      return decisions.filter((decision) => decision.allowed).length;
    };

    it('counts the requests of all processes together', async () => {
      const second = await connect(server);
      const counts = await Promise.all(
        [limiterOn(connection), limiterOn(second), limiterOn(second)].map((limiter) => allowed(limiter, 334)),
      );
      expect(counts.reduce((sum, count) => sum + count)).to.equal(100);
      await second.close();
    });

    it('asks Redis nothing for whoever hammers on, and still says truly when the window ends', async () => {
      const limiter = limiterOn(connection);
      await allowed(limiter, 101);
      const before = await commands();
      for (let count = 0; count < 1000; count += 1) {
        const decision = await limiter.consume(LIMIT, 'ada');
        expect(decision).to.include({ allowed: false, beginsBlock: false });
        expect(decision.retryAfterMs).to.be.within(50_000, 60_000);
        expect({ ...limiter.knownDenial(LIMIT, 'ada'), beginsBlock: false }).to.deep.equal(decision);
      }
      // The one that asks.
      expect((await commands()) - before).to.equal(1);
      clock.advance(30_000);
      expect((await limiter.consume(LIMIT, 'ada')).retryAfterMs).to.be.within(20_000, 30_000);
    });

    for (const [how, harm, mend, key] of [
      // Empty again: nobody may still be refused for what the process counted alone.
      ['killed', (own: RedisServer) => own.kill(), (own: RedisServer) => own.restart(), 'ada'],
      // What was asked meanwhile is counted after all.
      ['frozen', async (own: RedisServer) => own.freeze(), async (own: RedisServer) => own.thaw(), 'bob'],
    ] as const) {
      it(`gives out its share while Redis is ${how}, and counts with the others again when it is back`, async () => {
        const own = await RedisServer.start();
        const cut = await connect(own);
        try {
          const limiter = limiterOn(cut);
          expect(await allowed(limiter, 10)).to.equal(10);
          await harm(own);
          const decisions = await Promise.all(
            Array.from({ length: 500 }, () => limiter.consume(LIMIT, 'ada')),
          );
          expect(decisions.filter((decision) => decision.allowed)).to.have.length(33);
          expect(limiter.knownDenial(LIMIT, 'ada')).to.include({ allowed: false, limit: 33 });
          expect(new Set(decisions.map(({ limit }) => limit))).to.deep.equal(new Set([33]));
          await mend(own);
          clock.advance(100);
          while (!cut.isAvailable) await new Promise((resolve) => setImmediate(resolve));
          const { allowed: passed, limit } = await limiter.consume(LIMIT, key);
          expect({ passed, limit }).to.deep.equal({ passed: true, limit: 100 });
        } finally {
          await cut.close();
          own.thaw();
          await own.stop();
        }
      });
    }
  });
});
