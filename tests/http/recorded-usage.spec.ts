import { join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { USAGE_REPOSITORY } from '#src/infrastructure/tokens.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { MEMORY_STORAGE } from '../support/fixtures/app-storages.js';
import { AppUnderTest } from '../support/fixtures/app-under-test.js';
import { makeTestFolder, startTestApp, type TestApp, type TestFolder } from '../support/fixtures/test-app.js';

describe('a budget in memory', () => {
  let folder: TestFolder;
  let app: TestApp;

  beforeEach(async () => {
    folder = await makeTestFolder();
  });

  afterEach(async () => {
    await app.stop();
    await folder.remove();
  });

  it('goes on after a restart where it was', async () => {
    const DATABASE_URL = `sqlite:${join(folder.path, 'test.db')}`;
    const start = async () => {
      app = await startTestApp({ env: { DATABASE_URL, BUDGET_TOKENS_PER_DAY: '10000' } });
    };
    await start();
    const first = await new ApiClient(app.url).signUp();
    const restart = async () => {
      await app.stop();
      await start();
      return new ApiClient(app.url, first.apiKey);
    };
    const characterId = await first.createCharacter();
    const turn = async (client: ApiClient): Promise<number> =>
      (await client.post('/api/chat', { characterId, message: 'Hello' })).body.usage.totalTokens;
    const spent = async (client: ApiClient): Promise<number> =>
      (await client.get('/api/clients/me/usage')).body.budget.spentTokens;

    const tokens = await turn(first);
    const second = await restart();
    const more = await turn(second);
    expect(await spent(second)).to.equal(tokens + more);
    expect(await spent(await restart())).to.equal(tokens + more);
  });
});

describe('usage', () => {
  it('is written within a second, without anybody asking', async () => {
    const timers = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const app = new AppUnderTest();
    try {
      await app.start(MEMORY_STORAGE, {});
      const owner = await app.api.signUp();
      const { id } = (await owner.get('/api/clients/me')).body;
      const rows = () => app.container.get(USAGE_REPOSITORY).list(id, '2000-01-01', 100);
      await owner.post('/api/chat', { characterId: await owner.createCharacter(), message: 'Hello' });
      expect(await rows()).to.deep.equal([]);
      timers.tick(1000);
      await new Promise(setImmediate);
      expect(await rows()).to.have.length(1);
    } finally {
      await app.stop();
      timers.restore();
    }
  });
});
