import { expect } from 'chai';
import { FakeLangSmith } from '../support/fakes/fake-langsmith.js';
import { complete, FakeOpenAi } from '../support/fakes/fake-openai.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

describe('an answer that could not be used, behind traces and a fallback', () => {
  let first: FakeOpenAi;
  let second: FakeOpenAi;
  let langsmith: FakeLangSmith;
  let app: TestApp;
  let owner: ApiClient;

  beforeEach(async () => {
    [first, second] = await Promise.all([FakeOpenAi.start(), FakeOpenAi.start()]);
    langsmith = await FakeLangSmith.start();
    app = await startTestApp({
      env: {
        MODEL: 'first',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: first.baseUrl,
        MODEL_FALLBACK: 'second',
        MODEL_FALLBACK_PROVIDER: 'openai-compatible',
        MODEL_FALLBACK_BASE_URL: second.baseUrl,
        LANGCHAIN_API_KEY: 'lsv2_pt_0123456789',
        TRACING_ENDPOINT: langsmith.endpoint,
        BUDGET_TOKENS_PER_DAY: '100000',
      },
    });
    owner = await new ApiClient(app.url).signUp();
  });

  afterEach(async () => {
    await app.stop();
    await Promise.all([first.close(), second.close(), langsmith.close()]);
  });

  for (const stream of [false, true]) {
    it(`is paid for beside the fallback’s, ${stream ? 'streamed' : 'plain'}`, async () => {
      first.behaviour = complete({ content: '', usage: { prompt_tokens: 100, completion_tokens: 7 } });
      const characterId = await owner.createCharacter();
      const { status, text } = await owner.post('/api/chat', { characterId, message: 'Hello', stream });
      expect(status, text).to.equal(200);
      const { budget, days } = (await owner.get('/api/clients/me/usage')).body;
      expect(budget).to.include({ spentTokens: 122, heldTokens: 0 });
      expect(days[0]).to.include({ turns: 1, inputTokens: 112, outputTokens: 10, totalTokens: 122 });
    });
  }
});
