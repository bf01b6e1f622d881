import { join } from 'node:path';
import { expect } from 'chai';
import { ApiClient } from '#tests/support/api-client.js';
import { makeTestFolder, startTestApp, type TestFolder } from '#tests/support/test-app.js';

describe('a budget in memory', () => {
  let folder: TestFolder;

  beforeEach(async () => {
    folder = await makeTestFolder();
  });

  afterEach(() => folder.remove());

  it('goes on after a restart where it was', async () => {
    const DATABASE_URL = `sqlite:${join(folder.path, 'test.db')}`;
    const env = { DATABASE_URL, BUDGET_TOKENS_PER_DAY: '10000' };
    let apiKey: string | null = null;
    let characterId = '';
    const spent: number[] = [];
    for (const life of [1, 2, 3]) {
      const app = await startTestApp({ env });
      try {
        const owner =
          apiKey === null ? await new ApiClient(app.url).signUp() : new ApiClient(app.url, apiKey);
        if (life === 1) characterId = await owner.createCharacter();
        ({ apiKey } = owner);
        const spentTokens = async () => (await owner.get('/api/clients/me/usage')).body.budget.spentTokens;
        spent.push(await spentTokens());
        expect((await owner.post('/api/chat', { characterId, message: 'Hello' })).status).to.equal(200);
        spent.push(await spentTokens());
      } finally {
        await app.stop();
      }
    }
    const turn = spent[1] ?? 0;
    expect(turn).to.be.above(0);
    expect(spent).to.deep.equal([0, turn, turn, 2 * turn, 2 * turn, 3 * turn]);
  });
});
