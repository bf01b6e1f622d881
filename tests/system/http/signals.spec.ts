import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { complete, FakeOpenAi } from '#tests/support/fakes/fake-openai.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { expectRefused, expectShuttingDown, request, startTurn } from '#tests/support/fixtures/draining.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

describe('a signal to the process', () => {
  let folder: TestFolder;
  let upstream: FakeOpenAi;
  let server: ServerProcess;
  let release: () => void;

  beforeEach(async () => {
    folder = await makeTestFolder();
    upstream = await FakeOpenAi.start();
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    upstream.behaviour = async (received, response) => {
      await released;
      await complete({ content: 'Late, but here.' })(received, response);
    };
  });

  afterEach(async () => {
    await server.kill();
    await upstream.close();
    await folder.remove();
  });

  async function start(env: Record<string, string> = {}): Promise<string> {
    server = await ServerProcess.start({
      cwd: folder.path,
      env: {
        MODEL: 'slow',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        ...env,
      },
    });
    return server.url();
  }

  it('SIGTERM lets the running turn end, refuses new requests, and ends with 0', async () => {
    const url = await start();
    const received = upstream.nextRequest();
    const { connection, api } = await startTurn(url);
    await received;
    server.send('SIGTERM');
    await server.printed('"stopping"');
    connection.write(request(api, 'GET', '/readyz'));
    connection.write(request(api, 'GET', '/api/clients/me'));
    release();

    const answer = await connection.nextAnswer();
    expect(answer?.status).to.equal(200);
    expect(JSON.parse(answer?.body ?? '').reply.content).to.equal('Late, but here.');
    expectShuttingDown(await connection.nextAnswer());
    const refused = await connection.nextAnswer();
    expectShuttingDown(refused);
    expect(refused?.headers['connection']).to.equal('close');
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    expect(server.stderr).to.equal('');
    await expectRefused(url);
  });

  it('SIGTERM calls off what outlasts the grace, upstream too, and still ends with 0', async () => {
    const url = await start({ SHUTDOWN_GRACE_MS: '50' });
    const received = upstream.nextRequest();
    const { connection } = await startTurn(url);
    const { over } = await received;
    server.send('SIGTERM');
    expectShuttingDown(await connection.nextAnswer());
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    expect(server.stderr).to.equal('');
    await over;
  });

  it('one keystroke that arrives twice is one request to stop', async () => {
    const url = await start();
    const received = upstream.nextRequest();
    const { connection } = await startTurn(url);
    await received;
    server.send('SIGINT');
    await server.printed('"stopping"');
    server.send('SIGINT');
    server.send('SIGTERM');
    release();
    expect((await connection.nextAnswer())?.status).to.equal(200);
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('a second signal that comes later ends it at once', async () => {
    const url = await start({ SHUTDOWN_GRACE_MS: '600000' });
    const received = upstream.nextRequest();
    const { connection } = await startTurn(url);
    await received;
    server.send('SIGTERM');
    await server.printed('"stopping"');
    // The other process has a clock of its own, which nobody can move.
    await delay(1100);
    server.send('SIGINT');
    expect(await server.exited).to.deep.equal({ code: 1, signal: null });
    expect(await connection.nextAnswer()).to.equal(null);
  });

  it('SIGINT ends it with 0, whoever is still connected', async () => {
    const url = await start({ SHUTDOWN_GRACE_MS: '600000' });
    const silent = await RawConnection.open(url);
    await new ApiClient(url).get('/livez');
    server.send('SIGINT');
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    await silent.closed;
  });
});
