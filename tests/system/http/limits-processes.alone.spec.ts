import { expect } from 'chai';
import { ApiClient, type ApiResponse } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const PROCESSES = 3;
const LIMIT = 100;
const CHAT_LIMIT = 150;
/** What one process may give out while Redis is away. */
const SHARE = 33;

describe('three processes on one Redis', () => {
  let redis: RedisServer;
  let folder: TestFolder;
  let servers: ServerProcess[];
  let apis: ApiClient[];
  /** No two tests send from the same. */
  let network = 0;

  before(async () => {
    redis = await RedisServer.start();
    folder = await makeTestFolder();
    servers = await Promise.all(
      Array.from({ length: PROCESSES }, () =>
        ServerProcess.start({
          cwd: folder.path,
          env: {
            DATABASE_URL: 'sqlite:shared.db',
            REDIS_URL: redis.url,
            INSTANCES: String(PROCESSES),
            LIMIT_IP_PER_MINUTE: String(LIMIT),
            LIMIT_CHAT_PER_MINUTE: String(CHAT_LIMIT),
            LIMIT_CONCURRENT_TURNS: '0',
            TRUST_PROXY: '127.0.0.1',
          },
        }),
      ),
    );
    apis = await Promise.all(servers.map(async (server) => new ApiClient(await server.url())));
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await redis.stop();
    await folder.remove();
  });

  beforeEach(() => {
    network += 1;
  });

  const sender = (host = 1) => ({ 'x-forwarded-for': `198.18.${network}.${host}` });
  const apiOf = (index: number): ApiClient => {
    const api = apis[index % PROCESSES];
    if (api === undefined) throw new Error('no such process');
    return api;
  };
  /** To all processes in turn, all at once. */
  const send = (count: number, host?: number): Promise<ApiResponse>[] =>
    Array.from({ length: count }, (_, index) => apiOf(index).get('/', sender(host)));
  const statusesOf = (responses: readonly ApiResponse[]) =>
    [...new Set(responses.map(({ status }) => status))].sort();
  const passed = (responses: readonly ApiResponse[]) =>
    responses.filter(({ status }) => status === 200).length;

  it('let exactly the limit through of 1,000 simultaneous requests', async () => {
    const responses = await Promise.all(send(1000));
    expect(passed(responses)).to.equal(LIMIT);
    expect(statusesOf(responses)).to.deep.equal([200, 429]);
  });

  it('let exactly the limits through of 1,000 simultaneous turns: of their address, and then of their client', async function () {
    this.timeout(60_000);
    const owner = await apiOf(0).signUp();
    const characterId = await owner.createCharacter();
    const turns = (headersOf: (index: number) => Record<string, string>) =>
      Promise.all(
        Array.from({ length: 1000 }, (_, index) =>
          apiOf(index)
            .withKey(owner.apiKey)
            .post('/api/chat', { characterId, message: 'Hello' }, headersOf(index)),
        ),
      );
    const ofOne = await turns(() => sender());
    expect(statusesOf(ofOne)).to.deep.equal([200, 429]);
    expect(passed(ofOne)).to.equal(LIMIT);
    const ofMany = await turns((index) => ({ 'x-forwarded-for': `198.19.${index >> 8}.${index % 256}` }));
    expect(statusesOf(ofMany)).to.deep.equal([200, 429]);
    expect(passed(ofMany)).to.equal(CHAT_LIMIT - LIMIT);
  });

  for (const [how, harm, mend] of [
    ['killed', () => redis.kill(), () => redis.restart()],
    ['frozen', async () => redis.freeze(), async () => redis.thaw()],
  ] as const) {
    it(`let each no more than its share through when Redis is ${how} meanwhile, and never fail`, async () => {
      const before = send(500);
      await Promise.race(before);
      await harm();
      const during = await Promise.all(send(500));
      const all = [...(await Promise.all(before)), ...during];
      expect(statusesOf(all)).to.deep.equal([200, 429]);
      expect(passed(all)).to.be.within(1, LIMIT + PROCESSES * SHARE);

      for (const api of apis) {
        const later = await Promise.all(Array.from({ length: 2 * SHARE }, () => api.get('/', sender())));
        expect(statusesOf(later)).to.deep.equal([429]);
      }
      await mend();
      await untilShared();
      expect(passed(await Promise.all(send(600, 3)))).to.equal(LIMIT);
    });
  }

  it('count together again within two seconds of Redis coming back', async () => {
    await redis.kill();
    const alone = await Promise.all(send(300));
    expect(passed(alone)).to.equal(PROCESSES * SHARE);
    await redis.restart();
    await untilShared();
    expect(passed(await Promise.all(send(600)))).to.equal(LIMIT);
  });

  const untilShared = async () => {
    const backMs = performance.now();
    for (const api of apis) {
      while (!(await isShared(api))) expect(performance.now() - backMs).to.be.below(2000);
    }
  };

  /** A process that counts with the others shows the whole limit, one that counts alone its share. */
  const isShared = async (api: ApiClient) =>
    (await api.get('/', sender(2))).headers.get('ratelimit-policy') === `"ip";q=${LIMIT};w=60`;
});
