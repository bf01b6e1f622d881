import { expect } from 'chai';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { DEFAULT_LIMITS } from '#tests/support/fixtures/limited-app.js';
import { startTestApp, type TestApp } from '#tests/support/fixtures/test-app.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

/** No burst has opened the breaker before. */
describeWithRedis('a lone request while Redis is away', (redis) => {
  let app: TestApp;
  let owner: ApiClient;
  let characterId: string;
  const turn = () => owner.post('/api/chat', { characterId, message: 'Hello', conversationId: 'c' });

  beforeEach(async () => {
    app = await startTestApp({ env: { REDIS_URL: redis().url, ...DEFAULT_LIMITS } });
    owner = await new ApiClient(app.url).signUp();
    characterId = await owner.createCharacter();
    expect((await turn()).status).to.equal(200);
  });
  afterEach(() => app.stop());

  async function whileFrozen<T>(run: () => Promise<T>): Promise<{ result: T; tookMs: number }> {
    redis().freeze();
    try {
      const began = performance.now();
      const result = await run();
      return { result, tookMs: performance.now() - began };
    } finally {
      redis().thaw();
    }
  }

  async function untilBack(): Promise<void> {
    while ((await owner.get('/health')).status !== 200) await new Promise(setImmediate);
  }

  it('is refused within half a second, its limits included', async () => {
    const { result, tookMs } = await whileFrozen(turn);
    expect([result.status, result.body.code]).to.deep.equal([503, 'cache_unavailable']);
    expect(tookMs).to.be.below(500);
  });

  it('that needs no conversation is answered', async () => {
    const { result, tookMs } = await whileFrozen(() => owner.get('/api/characters'));
    expect(result.status).to.equal(200);
    expect(tookMs).to.be.below(500);
  });

  it('to delete an account leaves it as it was, and can be made again', async () => {
    const { result } = await whileFrozen(() => owner.delete('/api/clients/me'));
    expect([result.status, result.body.code]).to.deep.equal([503, 'cache_unavailable']);
    await untilBack();
    expect((await owner.get('/api/clients/me')).status).to.equal(200);
    expect((await owner.delete('/api/clients/me')).status).to.equal(204);
    expect((await owner.get('/api/clients/me')).status).to.equal(401);
  });

  it('to delete a character leaves it as it was, and can be made again', async () => {
    const { result } = await whileFrozen(() => owner.delete(`/api/characters/${characterId}`));
    expect([result.status, result.body.code]).to.deep.equal([503, 'cache_unavailable']);
    await untilBack();
    expect((await owner.get(`/api/characters/${characterId}`)).status).to.equal(200);
    expect((await owner.delete(`/api/characters/${characterId}`)).status).to.equal(204);
    expect((await owner.get('/api/conversations/c')).status).to.equal(404);
  });
});
