import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { LLM } from '#src/infrastructure/tokens.js';
import { ScriptedLlmGateway } from '#tests/support/fakes/scripted-llm-gateway.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';
import type { RedisServer } from '#tests/support/processes/redis-server.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';
import { SteadyLoad } from './steady-load.js';

const PER_SECOND = 100;
const OUTAGE_MS = 3000;
/** How long the model thinks: some turns are under way when Redis goes. */
const MODEL_MS = 50;

interface Outage {
  readonly what: string;
  begin(redis: RedisServer): Promise<void>;
  end(redis: RedisServer): Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  { what: 'killed', begin: (redis) => redis.kill(), end: (redis) => redis.restart() },
  { what: 'frozen', begin: async (redis) => redis.freeze(), end: async (redis) => redis.thaw() },
];

describeWithRedis('the service while Redis is away', (redis) => {
  let app: TestApp;
  let llm: ScriptedLlmGateway;
  let owner: ApiClient;
  let characterId: string;

  beforeEach(async () => {
    llm = new ScriptedLlmGateway();
    const { answer } = llm;
    llm.answer = async (...asked) => {
      await delay(MODEL_MS);
      return answer(...asked);
    };
    app = await startTestApp({
      env: { REDIS_URL: redis().url },
      override: (container) => container.rebind(LLM).toConstantValue(llm),
    });
    owner = await new ApiClient(app.url).signUp();
    characterId = await owner.createCharacter();
  });
  afterEach(() => app.stop());

  for (const { what, begin, end } of OUTAGES) {
    it(`${what} under ${PER_SECOND} turns a second refuses them quickly, and answers within 2 s of its return`, async function () {
      this.timeout(30_000);
      const load = new SteadyLoad(owner, characterId, PER_SECOND);
      await delay(1000);
      const goneAt = load.now;
      await begin(redis());
      await delay(OUTAGE_MS / 2);
      const health = await owner.get('/health');
      expect([health.status, health.body.checks.cache]).to.deep.equal([503, 'down']);
      expect((await owner.get('/api/characters')).status).to.equal(200);
      await delay(OUTAGE_MS / 2);
      await end(redis());
      const backAt = load.now;
      await delay(3000);
      const answers = await load.stop();

      expect(Math.max(...answers.map(({ tookMs }) => tookMs))).to.be.below(1000);
      const denials = answers.filter(({ status }) => status !== 200);
      for (const { status, code, retryAfter, tookMs } of denials) {
        expect([status, code, retryAfter]).to.deep.equal([503, 'cache_unavailable', '1']);
        expect(tookMs).to.be.below(500);
      }
      const sentBetween = (from: number, to: number) =>
        answers.filter(({ sentAt }) => sentAt >= from && sentAt < to);
      const completed = (from: number, to: number) =>
        new Set(sentBetween(from, to).map(({ status }) => status));
      expect(completed(0, goneAt - 500)).to.deep.equal(new Set([200]));
      expect(completed(goneAt + 10, backAt - 500)).to.deep.equal(new Set([503]));
      expect(completed(backAt + 2000, load.now)).to.deep.equal(new Set([200]));
      expect((await owner.get('/health')).status).to.equal(200);
      expect(JSON.stringify(app.logLines)).not.to.contain(redis().password);
    });

    it(`${what} between question and answer keeps a turn once or not at all, and its key shows which`, async function () {
      this.timeout(30_000);
      const send = () =>
        owner.post(
          '/api/chat',
          { characterId, message: 'Hello', conversationId: `uncertain-${what}` },
          { 'idempotency-key': `key-${what}` },
        );
      const asked = llm.nextCall();
      const first = send();
      await asked;
      await begin(redis());
      expect((await first).body.code).to.equal('cache_unavailable');
      await end(redis());
      let again = await send();
      while ([409, 503].includes(again.status)) {
        await delay(50);
        again = await send();
      }
      expect(again.status).to.equal(200);
      const { body } = await owner.get(`/api/conversations/uncertain-${what}`);
      expect([body.conversation.turns, body.messages.length]).to.deep.equal([1, 2]);
      expect((await send()).headers.get('idempotency-replayed')).to.equal('true');
    });
  }

  it('slow, and frozen for a moment: nobody notices', async () => {
    redis().freeze();
    const answer = owner.post('/api/chat', { characterId, message: 'Hello' });
    await delay(100);
    redis().thaw();
    expect((await answer).status).to.equal(200);
  });
});
