import { expect } from 'chai';
import { Redis } from 'ioredis';
import { FaultyProxy } from '#tests/reliability/faulty-proxy.js';
import type { ApiClient } from '#tests/support/fixtures/api-client.js';
import { DEFAULT_LIMITS, LimitedApp } from '#tests/support/fixtures/limited-app.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

describeWithRedis('how often one chat request waits for Redis', (redis) => {
  let app: LimitedApp;
  let proxy: FaultyProxy;
  let owner: ApiClient;
  let characterId: string;

  const start = async (env: Readonly<Record<string, string>> = {}) => {
    proxy = await FaultyProxy.start(redis().port);
    await flush();
    app = new LimitedApp();
    await app.start({
      REDIS_URL: `redis://:${redis().password}@127.0.0.1:${proxy.port}`,
      ...DEFAULT_LIMITS,
      ...env,
    });
    owner = await app.api.signUp();
    characterId = await owner.createCharacter();
    // Redis knows the scripts from then on.
    await chat();
  };
  async function flush(): Promise<void> {
    const client = new Redis(redis().url);
    await client.flushall();
    client.disconnect();
  }
  afterEach(async () => {
    await app.stop();
    await proxy.close();
  });

  const chat = (more: object = {}, headers: Record<string, string> = {}) =>
    owner.send('POST', '/api/chat', { characterId, message: 'Hello', conversationId: 'c', ...more }, headers);

  async function roundTripsOf(request: () => ReturnType<typeof chat>, status: number): Promise<number> {
    proxy.takeRoundTrips();
    expect((await request()).status).to.equal(status);
    return proxy.takeRoundTrips();
  }

  it('is three times for a turn, streamed or repeatable too: limits, opening, commit', async () => {
    await start();
    expect(await roundTripsOf(() => chat(), 200)).to.equal(3);
    expect(await roundTripsOf(() => chat({ conversationId: undefined }), 200)).to.equal(3);
    expect(await roundTripsOf(() => chat({}, { 'Idempotency-Key': 'k' }), 200)).to.equal(3);
    expect(await roundTripsOf(() => chat({ stream: true }), 200)).to.equal(3);
  });

  it('is once more for a turn with a budget: its part is held when the prompt is known', async () => {
    await start({ BUDGET_TOKENS_PER_DAY: '1000000' });
    expect(await roundTripsOf(() => chat(), 200)).to.equal(4);
  });

  it('is twice for an answer that is given again', async () => {
    await start();
    await chat({}, { 'Idempotency-Key': 'k' });
    expect(await roundTripsOf(() => chat({}, { 'Idempotency-Key': 'k' }), 200)).to.equal(2);
  });

  it('is twice for a turn that is one too many at the same time, but for the line in the audit log', async () => {
    await start({ LIMIT_CONCURRENT_TURNS: '1' });
    const held = app.llm.hold();
    const called = app.llm.nextCall();
    const running = chat();
    await called;
    for (let count = 0; count < 2; count += 1) await chat({ conversationId: 'another' });
    expect(await roundTripsOf(() => chat({ conversationId: 'another' }), 429)).to.equal(2);
    held.release();
    await running;
  });

  it('is once for a client that hammers on: its address is counted', async () => {
    await start({ LIMIT_CHAT_PER_MINUTE: '2' });
    await chat();
    await chat();
    expect(await roundTripsOf(() => chat(), 429)).to.equal(1);
  });

  it('is never for an address that hammers on', async () => {
    await start({ LIMIT_IP_PER_MINUTE: '4' });
    await chat();
    await chat();
    expect(await roundTripsOf(() => chat(), 429)).to.equal(0);
  });
});
