import { expect } from 'chai';
import { Redis } from 'ioredis';
import { expectProblem } from '#tests/support/assertions/expect-response.js';
import { complete, FakeOpenAi, type ReceivedRequest } from '#tests/support/fakes/fake-openai.js';
import { ApiClient, type ApiResponse } from '#tests/support/fixtures/api-client.js';
import { type RawAnswerBytes, RawPost } from '#tests/support/fixtures/raw-post.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const POSTS = 50;
const INDEXES = Array.from({ length: POSTS }, (_, index) => index);
const DUPLICATES_AT_ONCE = 200;
const DUPLICATES_LATER = 300;

function messageOf({ body }: ReceivedRequest): string {
  return body.messages?.at(-1)?.content ?? '';
}

describeWithRedis('two processes that share Redis and the database', (redis) => {
  let folder: TestFolder;
  let upstream: FakeOpenAi;
  let servers: ServerProcess[] = [];
  let urls: string[] = [];
  let owner: ApiClient;
  let characterId: string;
  /** Until then no reply comes. */
  let letReply: () => void;

  before(async function () {
    this.timeout(30_000);
    folder = await makeTestFolder();
    upstream = await FakeOpenAi.start();
    const env = {
      REDIS_URL: redis().url,
      MODEL: 'fake',
      MODEL_PROVIDER: 'openai-compatible',
      MODEL_BASE_URL: upstream.baseUrl,
      CONVERSATION_QUEUE_MAX: String(POSTS - 1),
      HISTORY_MAX_MESSAGES: String(2 * POSTS),
      LOG_LEVEL: 'error',
    };
    for (let index = 0; index < 2; index += 1) {
      servers.push(await ServerProcess.start({ cwd: folder.path, env }));
    }
    urls = await Promise.all(servers.map((server) => server.url()));
    owner = await new ApiClient(urls[0] ?? '').signUp();
    characterId = await owner.createCharacter();
  });
  after(async () => {
    for (const server of servers) await server.kill();
    servers = [];
    await upstream.close();
    await folder.remove();
  });

  beforeEach(() => {
    upstream.requests.length = 0;
    const replying = new Promise<void>((resolve) => {
      letReply = resolve;
    });
    upstream.behaviour = async (request, response) => {
      await replying;
      await complete({ content: `Reply to ${messageOf(request)}` })(request, response);
    };
  });

  const urlFor = (index: number): string => urls[index % urls.length] ?? '';
  const post = (index: number, conversationId: string, onBusy: 'queue' | 'reject'): Promise<ApiResponse> =>
    new ApiClient(urlFor(index), owner.apiKey).post('/api/chat', {
      characterId,
      conversationId,
      message: `No ${index}`,
      onBusy,
    });
  const stored = async (conversationId: string): Promise<[string, string][]> => {
    const { body } = await owner.get(`/api/conversations/${conversationId}`);
    return body.messages.map(({ role, content }: { role: string; content: string }) => [role, content]);
  };
  const pairs = (messages: readonly string[]): [string, string][] =>
    messages.flatMap((message) => [
      ['user', message],
      ['assistant', `Reply to ${message}`],
    ]);

  it(`answer ${POSTS} parallel posts to one conversation one after the other, and keep all in that order`, async function () {
    this.timeout(30_000);
    const client = new Redis(redis().url);
    const posts = INDEXES.map((index) => post(index, 'queued', 'queue'));
    for (let queued = 0; queued !== POSTS - 1; ) {
      const [queue] = await client.keys('*:q:queued');
      queued = queue === undefined ? 0 : await client.zcard(queue);
    }
    client.disconnect();
    letReply();
    for (const [index, { status, body }] of (await Promise.all(posts)).entries()) {
      expect([status, body.reply?.content]).to.deep.equal([200, `Reply to No ${index}`]);
    }
    const admitted = upstream.requests.map(messageOf);
    expect(new Set(admitted).size).to.equal(POSTS);
    expect(await stored('queued')).to.deep.equal(pairs(admitted));
  });

  it(`answer one of ${POSTS} parallel posts that do not wait, and refuse the others`, async () => {
    const responses: ApiResponse[] = [];
    await Promise.all(
      INDEXES.map(async (index) => {
        responses.push(await post(index, 'rejected', 'reject'));
        if (responses.length === POSTS - 1) letReply();
      }),
    );
    expect(responses.pop()?.status).to.equal(200);
    for (const response of responses) expectProblem(response, 'conversation_busy', { retryAfter: '1' });
    expect(await stored('rejected')).to.deep.equal(pairs(upstream.requests.map(messageOf)));
    expect(upstream.requests).to.have.length(1);
  });

  for (const stream of [false, true]) {
    it(`make one turn of ${DUPLICATES_AT_ONCE + DUPLICATES_LATER} duplicates, and give the same bytes to all, stream: ${stream}`, async function () {
      this.timeout(30_000);
      const conversationId = `duplicates-${stream}`;
      const send = (index: number): Promise<RawPost> =>
        RawPost.send(urlFor(index), {
          path: '/api/chat',
          headers: { 'x-api-key': owner.apiKey ?? '', 'idempotency-key': conversationId },
          body: { characterId, conversationId, message: 'Hello', stream },
        });
      const take = async (first: number, count: number, length: number): Promise<RawAnswerBytes[]> => {
        const answers: RawAnswerBytes[] = [];
        const cuts = [null, 0, Math.floor(length / 2), length - 1];
        await Promise.all(
          Array.from({ length: count }, async (_, index) => {
            const sent = await send(first + index);
            const cut = length === 0 ? null : (cuts[index % cuts.length] ?? null);
            if (cut === null) answers.push(await sent.whole());
            else await sent.cutAfter(cut);
          }),
        );
        return answers;
      };

      const atOnce = take(0, DUPLICATES_AT_ONCE, 0);
      await upstream.nextRequest();
      letReply();
      const early = await atOnce;
      const complete = early.find(({ status }) => status === 200);
      const answers = [...early];
      for (let sent = 0; sent < DUPLICATES_LATER; sent += 50) {
        answers.push(...(await take(sent, 50, complete?.bytes ?? 0)));
      }

      expect(upstream.requests).to.have.length(1);
      expect(await stored(conversationId)).to.deep.equal(pairs(['Hello']));
      const given = answers.filter(({ status }) => status === 200);
      expect(given.length).to.be.above(DUPLICATES_LATER / 4);
      expect(new Set(given.map(({ body }) => body)).size).to.equal(1);
      for (const { status, body } of answers) {
        if (status !== 200)
          expect([status, JSON.parse(body).code]).to.deep.equal([409, 'request_in_progress']);
      }
    });
  }
});
