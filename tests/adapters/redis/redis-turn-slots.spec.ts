import { expect } from 'chai';
import sinon from 'sinon';
import { LimitSteps } from '#src/adapters/redis/limit-steps.js';
import { RedisConnection } from '#src/adapters/redis/redis-connection.js';
import { RedisTurnSlots } from '#src/adapters/redis/redis-turn-slots.js';
import { turnSlotsContract } from '#tests/contracts/turn-slots.contract.js';
import { RedisServer } from '#tests/support/redis-server.js';
import { recordingLogger } from '#tests/support/test-app.js';

const connect = (server: RedisServer) =>
  RedisConnection.open({ settings: server.connection, logger: recordingLogger([]) });

describe('RedisTurnSlots', () => {
  let server: RedisServer;
  let connection: RedisConnection;
  const opened: RedisTurnSlots[] = [];

  const slotsOf = (instances = 1, over = connection) => {
    const slots = new RedisTurnSlots({
      connection: over,
      steps: new LimitSteps(over),
      prefix: 'test:',
      instances,
    });
    opened.push(slots);
    return slots;
  };
  const allowed = async (slots: RedisTurnSlots, times: number, limit = 100) => {
    const taken = await Promise.all(Array.from({ length: times }, () => slots.acquire('ada', limit)));
    return taken.filter(({ decision }) => decision.allowed).length;
  };

  /** What was asked for before has been sent, and answered. */
  const rounds = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await connection.client.ping();
  };

  before(async () => {
    server = await RedisServer.start();
    connection = await connect(server);
  });
  beforeEach(() => connection.client.flushall());
  afterEach(() => {
    for (const slots of opened.splice(0)) slots.close();
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });

  turnSlotsContract({
    name: 'Redis',
    open: async () => ({
      slots: slotsOf(),
      settled: rounds,
      close: async () => undefined,
    }),
  });

  it('counts the turns of all processes together', async () => {
    const second = await connect(server);
    const counts = await Promise.all([
      allowed(slotsOf(3), 100),
      allowed(slotsOf(3, second), 100),
      allowed(slotsOf(3, second), 100),
    ]);
    expect(counts.reduce((sum, count) => sum + count)).to.equal(100);
    await second.close();
  });

  it('frees what a process held that died, at the end of its lease', async () => {
    const died = slotsOf();
    expect(await allowed(died, 3, 3)).to.equal(3);
    died.close();
    const leaseMs = await connection.client.eval(
      "return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] - redis.call('TIME')[1] * 1000",
      1,
      'test:turns:{ada}',
    );
    expect(leaseMs).to.be.within(8000, 11_000);
    expect(await connection.client.pttl('test:turns:{ada}')).to.be.within(8000, 10_000);
    // As if the lease had ended.
    await connection.client.eval(
      "for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, id) end",
      1,
      'test:turns:{ada}',
    );
    expect(await allowed(slotsOf(), 5, 3)).to.equal(3);
  });

  it('renews what is held, and leaves nothing behind of what is not', async () => {
    const timers = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const slot = await slotsOf().acquire('ada', 3);
      await connection.client.pexpire('test:turns:{ada}', 2000);
      timers.tick(1000);
      await connection.client.ping();
      expect(await connection.client.pttl('test:turns:{ada}')).to.be.within(9000, 10_000);
      slot.release();
      await rounds();
      timers.tick(1000);
      await connection.client.ping();
      expect(await connection.client.exists('test:turns:{ada}')).to.equal(0);
    } finally {
      timers.restore();
    }
  });

  it('gives out this process’s share while Redis is away, and tells Redis when it is back', async () => {
    const own = await RedisServer.start();
    const cut = await connect(own);
    const timers = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const slots = slotsOf(3, cut);
      await own.kill();
      expect(await allowed(slots, 50, 30)).to.equal(10);
      await own.restart();
      await untilAvailable(cut);
      timers.tick(1000);
      await cut.client.ping();
      expect(await cut.client.zcard('test:turns:{ada}')).to.equal(10);
      expect(await allowed(slots, 50, 30)).to.equal(20);
    } finally {
      timers.restore();
      await cut.close();
      await own.stop();
    }
  });
});

async function untilAvailable(connection: RedisConnection): Promise<void> {
  while (!connection.isAvailable) await new Promise((resolve) => setImmediate(resolve));
}
