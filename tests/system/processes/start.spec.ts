import { execFileSync } from 'node:child_process';
import { type FileHandle, mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const CANARY = 'c4n4ry';

describe('the start of the process', function () {
  this.timeout(20_000);

  let folder: TestFolder;
  const servers: ServerProcess[] = [];

  beforeEach(async () => {
    folder = await makeTestFolder();
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.kill()));
    await folder.remove();
  });

  function spawn(env: Record<string, string> = {}): ServerProcess {
    const server = ServerProcess.spawn({ cwd: folder.path, env: { PORT: '0', LOG_LEVEL: 'warn', ...env } });
    servers.push(server);
    return server;
  }

  async function start(env?: Record<string, string>): Promise<{ server: ServerProcess; url: string }> {
    const server = spawn(env);
    return { server, url: await server.url() };
  }

  /** @returns what it says instead of starting. */
  async function startError(env?: Record<string, string>): Promise<string> {
    const server = spawn(env);
    expect(await server.exited).to.deep.equal({ code: 1, signal: null });
    expect(server.stdout).to.equal('');
    expect(server.stderr).not.to.match(/\bat .+:\d+|node_modules|\.js/);
    expect(server.stderr).not.to.contain(CANARY);
    return server.stderr;
  }

  const modeOf = async (name: string) => ((await stat(join(folder.path, name))).mode & 0o777).toString(8);

  it('without any configuration says where it listens and what it runs on', async () => {
    const { server, url } = await start();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.stdout).to.equal(
      [
        `FastWrap listens on ${url}`,
        `  documentation   ${url}/docs`,
        '  database        SQLite, ./data/fastwrap.db',
        '  conversations   memory',
        '  model           demo, provider demo',
        '  for real answers set MODEL and MODEL_KEY',
        '',
      ].join('\n'),
    );
    expect((await new ApiClient(url).get('/readyz')).status).to.equal(200);
  });

  it('warns of a variable that is spelled almost like one of ours, without its value', async () => {
    const { server } = await start({ MODEL_ALOWED: CANARY });
    await server.printed('"variable":"MODEL_ALOWED","nearest":"MODEL_ALLOWED"');
    expect(server.stdout).not.to.contain(CANARY);
  });

  it('keeps database and secret to their owner', async () => {
    await start();
    expect(await modeOf('data')).to.equal('700');
    expect(await modeOf('data/fastwrap.db')).to.equal('600');
    expect(await modeOf('data/fastwrap.db.secret')).to.equal('600');
  });

  it('stops at a bad configuration with one message', async () => {
    expect(await startError({ PORT: CANARY, SIGNUP: CANARY, TRUST_PROXY: CANARY })).to.equal(
      [
        'FastWrap cannot start. The configuration is not valid:',
        '  - PORT must be a whole number from 0 to 65535',
        '  - SIGNUP must be one of open, operator',
        '  - TRUST_PROXY must be IP addresses or CIDRs of proxies, separated by commas, none of them /0',
        '',
      ].join('\n'),
    );
  });

  it('refuses the demo in production', async () => {
    const message = await startError({
      NODE_ENV: 'production',
      FASTWRAP_API_KEY: 'operator-key-0001',
      MODEL: 'demo',
      MODEL_KEY: 'none',
      SIGNUP: 'operator',
    });
    expect(message).to.equal(
      'FastWrap cannot start. The configuration is not valid:\n  - MODEL_PROVIDER must not be demo in production\n',
    );
  });

  it('reads .env, over which the environment wins', async () => {
    await writeFile(
      join(folder.path, '.env'),
      '# a comment\nDATABASE_URL=memory:\nMODEL_ALLOWED="large, small"\nexport SIGNUP=operator\nFASTWRAP_API_KEY=a-service-key-of-24-bytes\n',
    );
    const fromFile = await start();
    expect(fromFile.server.stdout).to.contain('  database        memory\n');
    const signUp = { email: 'owner@example.com', password: 'correct horse battery' };
    expect((await new ApiClient(fromFile.url).post('/auth/signup', signUp)).status).to.equal(401);

    const overridden = await start({ DATABASE_URL: 'sqlite:other.db', SIGNUP: 'open' });
    expect(overridden.server.stdout).to.contain('  database        SQLite, other.db\n');
    expect((await new ApiClient(overridden.url).post('/auth/signup', signUp)).status).to.equal(201);
  });

  it('stops at faults in .env as at others, and at a .env that cannot be read', async () => {
    await writeFile(join(folder.path, '.env'), `LOG_LEVEL=warn\nDATABASE_URL=${CANARY}\n`);
    expect(await startError()).to.equal(
      'FastWrap cannot start. The configuration is not valid:\n  - DATABASE_URL must be sqlite:<path> or memory:\n',
    );
    await rename(join(folder.path, '.env'), join(folder.path, 'old'));
    await mkdir(join(folder.path, '.env'));
    expect(await startError()).to.match(/^FastWrap cannot start\. EISDIR.*\n$/);
  });

  it('says in one line that the port is taken, and leaves no half-open database', async () => {
    const { url } = await start({ DATABASE_URL: 'memory:' });
    const { port } = new URL(url);
    expect(await startError({ PORT: port })).to.equal(
      `FastWrap cannot start. listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    );
    const log = await stat(join(folder.path, 'data/fastwrap.db-wal')).catch(() => null);
    expect(log).to.equal(null);
  });

  it('refuses a database whose secret is lost, until it is put back', async () => {
    const secretFile = join(folder.path, 'data/fastwrap.db.secret');
    const first = await start();
    const client = await new ApiClient(first.url).signUp();
    first.server.send('SIGTERM');
    await first.server.exited;

    await rename(secretFile, `${secretFile}.lost`);
    const message = await startError();
    expect(message).to.equal(
      'FastWrap cannot start. The database ./data/fastwrap.db was made with another secret: ' +
        'put back ./data/fastwrap.db.secret, or the FASTWRAP_SECRET that it was made with.\n',
    );
    expect(await startError({ FASTWRAP_SECRET: `${CANARY}-0123456789abcdef0123456789abcdef` })).to.equal(
      message,
    );

    await rename(`${secretFile}.lost`, secretFile);
    const second = await start();
    expect((await new ApiClient(second.url, client.apiKey).get('/api/clients/me')).status).to.equal(200);
  });

  it('makes no secret file where the secret is configured', async () => {
    await start({ FASTWRAP_SECRET: '0123456789abcdef0123456789abcdef' });
    const file = await stat(join(folder.path, 'data/fastwrap.db.secret')).catch(() => null);
    expect(file).to.equal(null);
    expect(await startError()).to.match(/was made with another secret/);
  });

  it('says in one line that a database is none', async () => {
    await writeFile(join(folder.path, 'notes.db'), `${CANARY} `.repeat(1000));
    expect(await startError({ DATABASE_URL: 'sqlite:notes.db' })).to.match(
      /^FastWrap cannot start\. The database \S+notes\.db cannot be opened: .+\n$/,
    );
  });

  describe('that hangs', () => {
    const secretFile = () => join(folder.path, 'data/fastwrap.db.secret');
    let held: FileHandle;

    /** The secret file is a pipe that nobody writes into. */
    const makePipe = async (): Promise<void> => {
      const first = await start();
      first.server.send('SIGTERM');
      await first.server.exited;
      await rename(secretFile(), `${secretFile()}.kept`);
      execFileSync('mkfifo', ['-m', '600', secretFile()]);
    };

    afterEach(() => held.close());

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`ends with ${signal}, and says so`, async () => {
        await makePipe();
        const server = spawn({ LOG_LEVEL: 'info' });
        // Resolves when the start waits for it.
        held = await open(secretFile(), 'w');
        server.send(signal);
        await server.printed(`"signal":"${signal}","msg":"stopped before the start was over"`);
        expect(await server.ended).to.deep.equal({ code: null, signal });
        expect(server.stderr).to.equal('');
      });
    }

    it('ends by itself at its deadline, with one line that names the step', async () => {
      await makePipe();
      // Waits for nobody: the start may be over before it has come so far.
      held = await open(secretFile(), 'r+');
      const server = spawn({ START_TIMEOUT_MS: '500' });
      expect((await server.exited).code).not.to.equal(0);
      expect(server.stderr).to.equal(
        'FastWrap cannot start. It has not started within 0.5 s: ' +
          'it hangs at the database and its secret (DATABASE_URL).\n',
      );
    });
  });

  it('ends its log with a line that says so, also when the log is piped', async () => {
    const { server } = await start({ LOG_LEVEL: 'info' });
    server.send('SIGTERM');
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    const lines = server.stdout.trimEnd().split('\n').slice(-2);
    expect(lines.map((line) => JSON.parse(line).msg)).to.deep.equal(['stopping', 'stopped']);
  });

  const OUTPUTS = [
    ['nobody reads its output', (server: ServerProcess) => server.stopReading(), ''],
    [
      'its output is closed',
      (server: ServerProcess) => server.closeOutput(),
      'FastWrap goes on without a log: its standard output was closed.\n',
    ],
  ] as const;
  for (const [what, spoil, complaint] of OUTPUTS) {
    it(`serves when ${what}, and ends with 0`, async () => {
      const { server, url } = await start({ LOG_LEVEL: 'info' });
      spoil(server);
      const api = new ApiClient(url);
      const ask = () => api.send('GET', '/livez', undefined, { 'x-request-id': 'x'.repeat(128) });
      // Each leaves a line of some 300 bytes: more than the kernel keeps.
      for (let i = 0; i < 100; i += 1) await Promise.all(Array.from({ length: 20 }, ask));
      expect((await api.get('/health')).body.status).to.equal('ok');
      server.send('SIGTERM');
      expect(await server.ended).to.deep.equal({ code: 0, signal: null });
      expect(server.stderr).to.equal(complaint);
    });
  }
});
