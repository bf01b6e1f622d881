import { expect } from 'chai';
import { complete, FakeOpenAi, refuse } from '../support/fakes/fake-openai.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

const CANARY = 'c4n4ry';

describe('the settings of a model, when they are wrong', () => {
  let upstream: FakeOpenAi;
  let app: TestApp | null;

  beforeEach(async () => {
    upstream = await FakeOpenAi.start();
    app = null;
  });
  afterEach(async () => {
    await app?.stop();
    await upstream.close();
  });

  const start = async (env: Record<string, string> = {}) => {
    app = await startTestApp({
      env: { MODEL: 'gpt-4o', MODEL_KEY: `sk-${CANARY}`, MODEL_BASE_URL: upstream.baseUrl, ...env },
    });
    return app;
  };
  const health = async ({ url }: TestApp) => {
    const { status, body } = await new ApiClient(url).get('/health');
    return [status, body.status, body.checks.model];
  };
  const lines = ({ logLines }: TestApp) => logLines.filter(({ fields }) => 'setting' in fields);

  it('are logged by the first turn in one line, and reported by the health until a turn is answered', async () => {
    const started = await start();
    const client = await new ApiClient(started.url).signUp();
    const characterId = await client.createCharacter();
    const say = (stream: boolean) => client.post('/api/chat', { characterId, message: 'Hello', stream });
    expect(await health(started)).to.deep.equal([200, 'ok', 'ok']);
    upstream.behaviour = refuse(401, { message: CANARY });
    for (const stream of [false, true]) await say(stream);
    expect(lines(started)).to.deep.equal([
      {
        level: 'error',
        fields: { model: 'gpt-4o', provider: 'openai', status: 401, setting: 'MODEL_KEY' },
        message: 'the provider refuses the key',
      },
    ]);
    expect(await health(started)).to.deep.equal([200, 'degraded', 'down']);
    expect(JSON.stringify(started.logLines)).not.to.contain(CANARY);
    upstream.behaviour = complete();
    expect((await say(false)).status).to.equal(200);
    expect(await health(started)).to.deep.equal([200, 'ok', 'ok']);
  });

  it('are logged by the start, which does not wait for it', async () => {
    let answer = () => {};
    const asked = upstream.nextRequest();
    upstream.behaviour = (request, response) => {
      answer = () => void refuse(401)(request, response);
    };
    const started = await start({ MODEL_CHECK: 'true' });
    expect((await asked).path).to.equal('/v1/models');
    expect(await health(started)).to.deep.equal([200, 'ok', 'ok']);
    answer();
    while ((await health(started))[1] !== 'degraded') await upstream.idle();
    expect(lines(started).map(({ fields }) => fields['setting'])).to.deep.equal(['MODEL_KEY']);
  });

  it('are not asked for where that is switched off', async () => {
    await start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(upstream.requests).to.deep.equal([]);
  });
});
