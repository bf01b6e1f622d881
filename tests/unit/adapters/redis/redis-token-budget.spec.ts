import { expect } from 'chai';
import sinon from 'sinon';
import { SETTLE } from '#src/adapters/redis/budgets/budget-scripts.js';
import { RedisTokenBudget } from '#src/adapters/redis/budgets/redis-token-budget.js';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { UuidV7Generator } from '#src/adapters/system/uuid-v7-generator.js';
import { AppError } from '#src/domain/errors.js';
import { codeOf } from '#tests/contracts/client-repository.contract.js';
import { asking, granted, itKeepsBudgets } from '#tests/contracts/token-budget.contract.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';

const KEY = 'fw:1:{ada}:budget:2026-01-01';
const LEASE_MS = 120_000;

let server: RedisServer;
before(async () => {
  server = await RedisServer.start();
});
after(() => server.stop());

interface Part {
  readonly connection: RedisConnection;
  readonly budget: RedisTokenBudget;
  close(): Promise<void>;
}

async function connect(): Promise<Part> {
  const connection = await RedisConnection.open({ settings: server.connection, logger: recordingLogger([]) });
  const ids = new UuidV7Generator();
  const budget = new RedisTokenBudget({ connection, newId: () => ids.next(), leaseMs: LEASE_MS });
  return {
    connection,
    budget,
    close: async () => {
      budget.close();
      await connection.close();
    },
  };
}

itKeepsBudgets({
  name: 'Redis',
  create: async () => {
    const [a, b, c] = [await connect(), await connect(), await connect()];
    await a.connection.client.flushall();
    return {
      budgets: [a.budget, b.budget, c.budget],
      close: async () => {
        for (const part of [a, b, c]) await part.close();
      },
    };
  },
});

describe('RedisTokenBudget', () => {
  let part: Part;
  let budget: RedisTokenBudget;
  let ask: ReturnType<typeof asking>;

  beforeEach(async () => {
    part = await connect();
    budget = part.budget;
    ask = asking(budget);
    await part.connection.client.flushall();
  });

  afterEach(async () => {
    sinon.restore();
    await part.close();
  });

  const state = () => budget.find('ada', '2026-01-01');
  const fields = () => part.connection.client.hgetall(KEY);

  /** As if so much time had passed on the server. */
  async function age(ms: number): Promise<void> {
    for (const [field, value] of Object.entries(await fields())) {
      if (!field.startsWith('r:') && field !== 'sweep') continue;
      const [time, ...rest] = value.split(' ');
      await part.connection.client.hset(KEY, field, [Number(time) - ms, ...rest].join(' '));
    }
  }

  it('gives back what a process held that has died, when its lease ends, and no sooner', async () => {
    granted(await ask(60));
    await age(LEASE_MS / 2);
    const alive = granted(await ask(30));
    expect(await ask(20)).to.deep.equal({ kind: 'refused', remaining: 10 });
    await age(LEASE_MS / 2);
    expect(await state()).to.deep.equal({ spent: 0, held: 30 });
    const { sweep, ...rest } = await fields();
    const [lease] = Object.keys(rest).filter((field) => field.startsWith('r:'));
    expect(rest[lease ?? '']).to.equal(`${sweep} 30`);
    granted(await ask(70));
    await alive.settle(5);
    expect(await state()).to.deep.equal({ spent: 5, held: 70 });
    await age(LEASE_MS);
    expect(await state()).to.deep.equal({ spent: 5, held: 0 });
  });

  it('counts what was spent also when the lease had ended by then', async () => {
    const late = granted(await ask(60));
    await age(LEASE_MS);
    expect(await ask(101)).to.deep.equal({ kind: 'refused', remaining: 100 });
    await late.settle(25);
    expect(await state()).to.deep.equal({ spent: 25, held: 0 });
  });

  it('counts once what was spent also when Redis comes back after the lease had ended', async () => {
    const asked = granted(await ask(60));
    const unasked = granted(await ask(20));
    await age(LEASE_MS);
    expect(await state()).to.deep.equal({ spent: 0, held: 0 });
    sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { run } = part.connection;
    const away = sinon.stub(part.connection, 'run').callsFake(async (...call) => {
      // The first one is done, and its answer is lost.
      if (away.callCount === 1) await run.apply(part.connection, call);
      throw new AppError('cache_unavailable');
    });
    await asked.settle(25);
    await unasked.settle(7);
    await sinon.clock.tickAsync(3 * LEASE_MS);
    expect(away.callCount).to.be.above(10);
    away.restore();
    const settledAgain = settlements(2);
    await sinon.clock.tickAsync(1000);
    await settledAgain;
    expect(await state()).to.deep.equal({ spent: 32, held: 0 });
    expect(Object.keys(await fields())).to.have.members(['spent', 'held', 'sweep']);
  });

  it('keeps no more than so many that wait for Redis, the last ones', async () => {
    const bounded = new RedisTokenBudget({
      connection: part.connection,
      newId: () => new UuidV7Generator().next(),
      leaseMs: LEASE_MS,
      maxUnsettled: 2,
    });
    const turns = [];
    for (let i = 0; i < 3; i += 1) turns.push(granted(await asking(bounded)(10)));
    sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const away = sinon.stub(part.connection, 'run').rejects(new AppError('cache_unavailable'));
    for (const [i, turn] of turns.entries()) await turn.settle(i + 1);
    away.restore();
    const settledAgain = settlements(2);
    await sinon.clock.tickAsync(1000);
    await settledAgain;
    expect(await state()).to.deep.equal({ spent: 5, held: 10 });
    bounded.close();
  });

  it('leaves the whole day to the records when the counter was lost', async () => {
    const running = granted(await ask(60));
    await part.connection.client.flushall();
    await running.settle(25);
    expect(await state()).to.equal(null);
    expect(await ask(76, { recordedUse: async () => 25 })).to.deep.equal({ kind: 'refused', remaining: 75 });
  });

  it('holds again what this process’s turns held, when the counter was lost while they ran', async () => {
    const [running, done] = [granted(await ask(60)), granted(await ask(20))];
    await done.settle(5);
    await part.connection.client.flushall();
    const recordedUse = async () => 5;
    expect(await ask(36, { recordedUse })).to.deep.equal({ kind: 'refused', remaining: 35 });
    expect(await state()).to.deep.equal({ spent: 5, held: 60 });
    await age(LEASE_MS / 2);
    await running.settle(25);
    expect(await state()).to.deep.equal({ spent: 30, held: 0 });
    granted(await ask(70));
  });

  it('leaves nothing behind a day after the counter was begun', async () => {
    await granted(await ask(60)).settle(1);
    expect(await part.connection.client.keys('*')).to.deep.equal([KEY]);
    expect(Object.keys(await fields())).to.have.members(['spent', 'held', 'sweep']);
    expect(await part.connection.client.pttl(KEY)).to.be.within(25 * 3_600_000, 26 * 3_600_000);
  });

  it('takes one round trip to reserve and one to settle, once the day has begun', async () => {
    await granted(await ask(1)).settle(1);
    const run = sinon.spy(part.connection, 'run');
    await granted(await ask(1)).settle(1);
    expect(run.callCount).to.equal(2);
  });

  it('says cache_unavailable while Redis is away, and reports once what was spent meanwhile', async () => {
    // Of two turns, and of two reservations that Redis makes although nobody waits for them any more.
    const settledAgain = settlements(4);
    const [asked, unasked] = [granted(await ask(30)), granted(await ask(30))];
    server.freeze();
    try {
      // Redis does this one as soon as it can, although nobody waits for the answer.
      await asked.settle(10);
      for (let i = 0; i < 3; i += 1) expect(await codeOf(ask(1))).to.equal('cache_unavailable');
      expect(await codeOf(state())).to.equal('cache_unavailable');
      await unasked.settle(7);
    } finally {
      server.thaw();
    }
    await settledAgain;
    expect(await state()).to.deep.equal({ spent: 17, held: 0 });
  });

  /** Resolves when Redis has answered so many of them. */
  function settlements(count: number): Promise<void> {
    return new Promise((resolve) => {
      const { run } = part.connection;
      let answered = 0;
      sinon.replace(part.connection, 'run', async (script, ...rest) => {
        const answer = await run.call(part.connection, script, ...rest);
        if (script === SETTLE) answered += 1;
        if (answered === count) resolve();
        return answer;
      });
    });
  }
});
