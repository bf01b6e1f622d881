import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/api-client.js';
import { expectProblem } from '#tests/support/expect-response.js';
import { PacedUpstream } from '#tests/support/paced-upstream.js';
import type { RedisServer } from '#tests/support/redis-server.js';
import { ServerProcess } from '#tests/support/server-process.js';
import { SseReader } from '#tests/support/sse-reader.js';
import { makeTestFolder, type TestFolder } from '#tests/support/test-app.js';
import { describeWithRedis } from '#tests/support/with-redis.js';

const SERVICE_KEY = 'operator-key-0123456789';
const AS_OPERATOR = { 'x-fastwrap-api-key': SERVICE_KEY };
const PROCESSES = 3;
const MOST_MS = 5000;
/** On, so that they ask the Redis that is away, and hit by nobody. */
const WIDE_LIMITS = {
  LIMIT_IP_PER_MINUTE: '1000000',
  LIMIT_CHAT_PER_MINUTE: '1000000',
  LIMIT_REQUESTS_PER_MINUTE: '1000000',
  LIMIT_CONCURRENT_TURNS: '100',
};

interface Victim {
  readonly api: ApiClient;
  readonly clientId: string;
  readonly keyId: string;
  readonly otherKey: ApiClient;
}

const REVOKED = {
  what: 'a revoked key',
  code: 'unauthenticated',
  given: {},
  end: ({ otherKey, keyId }: Victim) => otherKey.delete(`/api/clients/me/keys/${keyId}`),
} as const;
const SUSPENDED = {
  what: 'a suspended client',
  code: 'forbidden',
  given: { detail: 'This account is suspended. Ask whoever operates the service.' },
  end: ({ api, clientId }: Victim) =>
    api.withKey(null).patch(`/admin/clients/${clientId}`, { suspended: true }, AS_OPERATOR),
} as const;
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
  let folder: TestFolder;
  let upstream: PacedUpstream;
  let bystander: ApiClient;
  const servers: ServerProcess[] = [];
  const urls: string[] = [];

  before(async () => {
    folder = await makeTestFolder();
    upstream = await PacedUpstream.start();
    for (let count = 0; count < PROCESSES; count += 1) {
      const server = await ServerProcess.start({
        cwd: folder.path,
        env: {
          FASTWRAP_API_KEY: SERVICE_KEY,
          REDIS_URL: redis().url,
          INSTANCES: String(PROCESSES),
          MODEL: 'paced',
          MODEL_PROVIDER: 'openai-compatible',
          MODEL_BASE_URL: upstream.baseUrl,
          LOG_LEVEL: 'warn',
          ...WIDE_LIMITS,
        },
      });
      servers.push(server);
      urls.push(await server.url());
    }
    bystander = await new ApiClient(urls[0] ?? '').signUp();
  });

  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await upstream.stop();
    await folder.remove();
  });

  const onAll = ({ apiKey }: ApiClient) => urls.map((url) => new ApiClient(url, apiKey));

  async function makeVictim(): Promise<Victim> {
    const api = await new ApiClient(urls[0] ?? '').signUp();
    const clientId = (await api.get('/api/clients/me')).body.id;
    const keyId = (await api.get('/api/clients/me/keys')).body.data[0].id;
    const { apiKey } = (await api.post('/api/clients/me/keys', {})).body;
    return { api, clientId, keyId, otherKey: api.withKey(apiKey) };
  }

  /** On one process, up to its first piece. */
  async function openStream(api: ApiClient, characterId: string): Promise<SseReader> {
    const reader = await SseReader.open(`${api.url}/api/chat`, {
      headers: { 'x-api-key': api.apiKey ?? '' },
      body: { characterId, message: 'Hello.', stream: true },
    });
    expect((await reader.next())?.event).to.equal('turn');
    expect((await reader.next())?.event).to.equal('delta');
    return reader;
  }

  /** Resolves with the first refusal, or with what is still let in when the time is over. */
  async function refused(api: ApiClient, untilMs: number): Promise<ApiResponse> {
    for (;;) {
      const response = await api.get('/api/clients/me');
      if (response.status !== 200 || performance.now() > untilMs) return response;
    }
  }

  for (const [{ what, code, given, end }, outage] of [
    [REVOKED, KILLED],
    [REVOKED, FROZEN],
    [SUSPENDED, KILLED],
    [SUSPENDED, FROZEN],
  ] as const) {
    it(`${outage.how} refuse ${what} on all of them within 5 s, and end its streams`, async function () {
      this.timeout(30_000);
      const victim = await makeVictim();
      const characterId = await victim.api.createCharacter();
      const streams = await Promise.all(onAll(victim.api).map((api) => openStream(api, characterId)));

      await outage.begin(redis());
      try {
        const ending = await end(victim);
        expect(ending.status).to.be.oneOf([200, 204]);
        const endedAt = performance.now();
        const refusals = Promise.all(onAll(victim.api).map((api) => refused(api, endedAt + MOST_MS)));
        const lasts = Promise.all(streams.map(async (reader) => (await reader.rest()).at(-1)));
        const closed = Promise.all(streams.map((reader) => reader.closed));
        for (const response of await refusals) expectProblem(response, code, given);
        const refusedAt = performance.now();
        for (const last of await lasts) {
          expect([last?.event, last?.data.code]).to.deep.equal(['error', code]);
        }
        await closed;
        expect(Math.max(refusedAt, performance.now()) - endedAt).to.be.below(MOST_MS);
        process.stdout.write(
          `      refused after ${(refusedAt - endedAt).toFixed(0)} ms, all over after ${(performance.now() - endedAt).toFixed(0)} ms\n`,
        );
        for (const api of onAll(victim.api)) expectProblem(await api.get('/api/clients/me'), code, given);
        for (const api of onAll(bystander)) expect((await api.get('/api/clients/me')).status).to.equal(200);
      } finally {
        await outage.end(redis());
        for (const url of urls) while ((await new ApiClient(url).get('/health')).status !== 200);
      }
    });
  }
});
