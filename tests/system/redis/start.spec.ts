import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

describeWithRedis('the start of the process with Redis', (redis) => {
  let folder: TestFolder;
  const running: ServerProcess[] = [];

  beforeEach(async () => {
    folder = await makeTestFolder();
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.kill();
    await folder.remove();
  });

  const spawn = (env: Readonly<Record<string, string>>): ServerProcess => {
    const server = ServerProcess.spawn({ cwd: folder.path, env: { PORT: '0', ...env } });
    running.push(server);
    return server;
  };
  const health = async (server: ServerProcess) =>
    (await new ApiClient(await server.url()).get('/health')).body;

  for (const [what, env] of [
    ['a wrong password', { REDIS_API_KEY: 'c4n4ry-password' }],
    ['no password', {}],
    ['a user that it does not know', { REDIS_USER: 'c4n4ry', REDIS_API_KEY: 'c4n4ry-password' }],
  ] as const) {
    it(`stops at ${what} with one line that does not hold it`, async () => {
      const server = spawn({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis().port), ...env });
      expect((await server.exited).code).to.equal(1);
      expect(server.stderr).to.equal(
        'FastWrap cannot start. Redis refuses its user or password: see REDIS_USER and REDIS_API_KEY, or REDIS_URL.\n',
      );
      expect(server.stdout).to.equal('');
    });
  }

  it('keeps conversations there, with the password from its own variable', async () => {
    const server = spawn({
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(redis().port),
      REDIS_API_KEY: redis().password,
    });
    expect((await health(server)).checks.cache).to.equal('ok');
    expect(server.stdout).to.contain('  conversations   redis\n');
    server.send('SIGTERM');
    expect((await server.exited).code).to.equal(0);
  });

  it('does not wait for a Redis that is not there, and finds it when it comes', async function () {
    this.timeout(20_000);
    await redis().kill();
    const server = spawn({ REDIS_URL: redis().url });
    expect(await health(server)).to.deep.include({ status: 'down' });
    const owner = await new ApiClient(await server.url()).signUp();
    const characterId = await owner.createCharacter();
    const refused = await owner.post('/api/chat', { characterId, message: 'Hello' });
    expect([refused.status, refused.body.code]).to.deep.equal([503, 'cache_unavailable']);
    await redis().restart();
    const start = performance.now();
    while ((await health(server)).status !== 'ok');
    expect(performance.now() - start).to.be.below(2000);
    expect((await owner.post('/api/chat', { characterId, message: 'Hello' })).status).to.equal(200);
  });
});

describe('the start of a process without all of its Lua', () => {
  const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
  let folder: TestFolder;

  beforeEach(async () => {
    folder = await makeTestFolder();
    for (const name of ['node_modules', 'package.json', 'openapi.json'])
      symlinkSync(join(ROOT, name), join(folder.path, name));
    cpSync(join(ROOT, 'dist/src'), join(folder.path, 'dist/src'), { recursive: true });
  });
  afterEach(() => folder.remove());

  for (const missing of ['counters/lua/add.lua', 'conversations/lua/keys.lua', 'budgets/lua/sweep.lua']) {
    it(`fails, and names ${missing}, also where nothing is kept on Redis`, async () => {
      const main = join(folder.path, 'dist/src/infrastructure/main.js');
      const command = [process.execPath, main] as const;
      rmSync(join(dirname(main), '../adapters/redis', missing));
      const server = ServerProcess.spawn({ cwd: folder.path, env: { PORT: '0' }, command });
      expect((await server.exited).code).to.equal(1);
      expect(server.stderr).to.contain(missing);
      expect(server.stdout).to.equal('');
    });
  }
});
