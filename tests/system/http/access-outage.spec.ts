import { expect } from 'chai';
import { expectProblem } from '#tests/support/assertions/expect-response.js';
import { AccessFixture, ENDS_OF_ACCESS } from '#tests/support/fixtures/access-fixture.js';
import { ApiClient, type ApiResponse } from '#tests/support/fixtures/api-client.js';
import type { RedisServer } from '#tests/support/processes/redis-server.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const MAX_MS = 5000;
/** On, so that they ask the Redis that is away, and hit by nobody. */
const WIDE_LIMITS = {
  LIMIT_IP_PER_MINUTE: '1000000',
  LIMIT_CHAT_PER_MINUTE: '1000000',
  LIMIT_REQUESTS_PER_MINUTE: '1000000',
  LIMIT_CONCURRENT_TURNS: '100',
};
const KILLED = {
  how: 'killed',
  begin: (redis: RedisServer) => redis.kill(),
  end: (redis: RedisServer) => redis.restart(),
} as const;
const FROZEN = {
  how: 'frozen',
  begin: async (redis: RedisServer) => redis.freeze(),
  end: async (redis: RedisServer) => redis.thaw(),
} as const;

describeWithRedis('three processes whose Redis is away', (redis) => {
  let fixture: AccessFixture;

  before(async () => {
    fixture = await AccessFixture.start({ REDIS_URL: redis().url, INSTANCES: '3', ...WIDE_LIMITS });
  });

  after(() => fixture.stop());

  /** Resolves with the first denial, or with what is still let in when the time is over. */
  async function refused(api: ApiClient, untilMs: number): Promise<ApiResponse> {
    for (;;) {
      const response = await api.get('/api/clients/me');
      if (response.status !== 200 || performance.now() > untilMs) return response;
    }
  }

  for (const [what, outage] of [
    ['a revoked key', KILLED],
    ['a revoked key', FROZEN],
    ['a suspended client', KILLED],
    ['a suspended client', FROZEN],
  ] as const) {
    it(`${outage.how} refuse ${what} on all of them within 5 s, and end its streams`, async function () {
      this.timeout(30_000);
      const { code, given, end } = ENDS_OF_ACCESS[what];
      const victim = await fixture.makeVictim();
      const characterId = await victim.api.createCharacter();
      const streams = await Promise.all(
        fixture.onAll(victim.api).map((api) => fixture.openStream(api, { characterId })),
      );

      await outage.begin(redis());
      try {
        const ending = await end(victim);
        expect(ending.status).to.be.oneOf([200, 204]);
        const endedAt = performance.now();
        const denials = Promise.all(fixture.onAll(victim.api).map((api) => refused(api, endedAt + MAX_MS)));
        const lasts = Promise.all(streams.map(async (reader) => (await reader.rest()).at(-1)));
        const closed = Promise.all(streams.map((reader) => reader.closed));
        for (const response of await denials) expectProblem(response, code, given);
        const refusedAt = performance.now();
        for (const last of await lasts) {
          expect([last?.event, last?.data.code]).to.deep.equal(['error', code]);
        }
        await closed;
        expect(Math.max(refusedAt, performance.now()) - endedAt).to.be.below(MAX_MS);
        process.stdout.write(
          `      refused after ${(refusedAt - endedAt).toFixed(0)} ms, all over after ${(performance.now() - endedAt).toFixed(0)} ms\n`,
        );
        for (const api of fixture.onAll(victim.api)) {
          expectProblem(await api.get('/api/clients/me'), code, given);
        }
        for (const api of fixture.onAll(fixture.bystander)) {
          expect((await api.get('/api/clients/me')).status).to.equal(200);
        }
      } finally {
        await outage.end(redis());
        for (const url of fixture.urls) while ((await new ApiClient(url).get('/health')).status !== 200);
      }
    });
  }
});
