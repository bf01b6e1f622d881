import { expect } from 'chai';
import { CountingUpstream, WISHES, type Wish } from '#tests/support/fakes/counting-upstream.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { RedisServer } from '#tests/support/processes/redis-server.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const CAP = 200;
const NO_LIMITS = {
  LIMIT_IP_PER_MINUTE: '0',
  LIMIT_CHAT_PER_MINUTE: '0',
  LIMIT_REQUESTS_PER_MINUTE: '0',
  LIMIT_CONCURRENT_TURNS: '0',
};

for (const { where, processes, needsRedis } of [
  { where: 'one process with memory', processes: 1, needsRedis: false },
  { where: 'three processes on one Redis', processes: 3, needsRedis: true },
]) {
  describe(`budgets over ${where}`, function () {
    this.timeout(60_000);

    let folder: TestFolder;
    let redis: RedisServer | null;
    let upstream: CountingUpstream;
    let servers: ServerProcess[];
    /** The same account, one for each process. */
    let owners: ApiClient[];
    let characterId: string;
    let sent: number;

    beforeEach(async () => {
      [folder, upstream] = await Promise.all([makeTestFolder(), CountingUpstream.start()]);
      redis = needsRedis ? await RedisServer.start() : null;
      servers = [];
      sent = 0;
    });

    afterEach(async () => {
      for (const server of servers) await server.kill();
      await upstream.fake.close();
      await redis?.stop();
      await folder.remove();
    });

    const start = async (budget: number) => {
      const env = {
        MODEL: 'counting',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.fake.baseUrl,
        BUDGET_TOKENS_PER_DAY: String(budget),
        LOG_LEVEL: 'error',
        ...(redis === null ? {} : { REDIS_URL: redis.url }),
        ...NO_LIMITS,
      };
      while (servers.length < processes) servers.push(await ServerProcess.start({ cwd: folder.path, env }));
      const apis = await Promise.all(servers.map(async (server) => new ApiClient(await server.url())));
      const { apiKey } = (await apis[0]?.signUp()) ?? { apiKey: null };
      owners = apis.map((api) => api.withKey(apiKey));
      characterId = await owner(0).createCharacter({ maxOutputTokens: CAP });
    };
    const owner = (turn: number): ApiClient => {
      const found = owners[turn % owners.length];
      if (found === undefined) throw new Error('no process has been started');
      return found;
    };
    const messageFor = (wish: Wish) => {
      sent += 1;
      return `${wish} ${sent}`;
    };
    const turn = async (wish: Wish, stream = false) => {
      const message = messageFor(wish);
      const { status, text } = await owner(sent).post('/api/chat', { characterId, message, stream });
      return text.includes('event: error') ? 502 : status;
    };
    /** The caller goes once the upstream has the message, and before it has said anything. */
    const abandon = async (stream: boolean) => {
      const message = messageFor('silent');
      const caller = new AbortController();
      const body = { characterId, message, stream };
      const answer = owner(sent).send('POST', '/api/chat', body, {}, caller.signal);
      await Promise.race([upstream.received(message), answer]);
      caller.abort();
      await answer.catch(() => undefined);
    };
    const abandonStream = async () => {
      const message = messageFor('stalled');
      const api = owner(sent);
      const reader = await SseReader.open(`${api.url}/api/chat`, {
        headers: { 'x-api-key': api.apiKey ?? '' },
        body: { characterId, message, stream: true },
      });
      // What opens the stream, and all that the upstream will ever say.
      for (let i = 0; i < 4 && reader.status === 200; i += 1) await reader.next();
      reader.leave();
      await reader.closed;
    };
    /** When no turn holds anything any more. */
    const settled = async () => {
      for (;;) {
        const usages = await Promise.all(owners.map((each) => each.get('/api/clients/me/usage')));
        const [first] = usages.map(({ body }) => body);
        if (usages.every(({ body }) => body.budget.heldTokens === 0)) {
          return { spent: first.budget.spentTokens, left: first.budget.leftTokens };
        }
      }
    };
    const recorded = async () => {
      await Promise.all(owners.map((each) => each.get('/api/clients/me/usage')));
      return (await owner(0).get('/api/clients/me/usage')).body.days[0];
    };

    it('are never overrun by 200 parallel turns that come at 90 %', async () => {
      const budget = 50_000;
      await start(budget);
      let completed = 0;
      for (; upstream.spent < 0.9 * budget; completed += 1) expect(await turn('answer')).to.equal(200);
      const before = upstream.spent;
      const statuses = await Promise.all(
        Array.from({ length: 200 }, (_, i) => turn(i % 2 === 0 ? 'answer' : 'uncounted', i % 3 === 0)),
      );
      // A process that has too little time for its timers takes Redis for away: 503, and nothing is spent.
      expect([...new Set(statuses)].filter((status) => ![200, 429, 503].includes(status))).to.deep.equal([]);
      expect(statuses).to.include(200).and.to.include(429);
      completed += statuses.filter((status) => status === 200).length;
      expect(upstream.spent).to.be.above(before).and.at.most(budget);
      expect(await settled()).to.deep.equal({ spent: upstream.spent, left: budget - upstream.spent });
      expect(await recorded()).to.include({ turns: completed, totalTokens: upstream.spent });
    });

    it('count after failures and cancellations what the provider counted', async () => {
      await start(1_000_000);
      let completed = 0;
      for (let wave = 0; wave < 6; wave += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 3 }, () => [
            turn('answer'),
            turn('answer', true),
            turn('uncounted'),
            turn('uncounted', true),
            turn('filtered'),
            turn('filtered', true),
            turn('unreported'),
            turn('unreported', true),
            turn('refused'),
            turn('refused', true),
            turn('cut', true),
            abandon(false),
            abandon(true),
            abandonStream(),
          ]).flat(),
        );
        completed += outcomes.filter((outcome) => outcome === 200).length;
      }
      await upstream.fake.idle();
      expect([...upstream.requested]).to.have.members(WISHES);
      const { spent } = await settled();
      expect(spent).to.equal(upstream.spent);
      const { turns, totalTokens } = await recorded();
      expect({ turns, totalTokens }).to.deep.equal({ turns: completed, totalTokens: upstream.spent });
    });
  });
}
