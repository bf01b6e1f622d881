import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { LLM } from '#src/infrastructure/tokens.js';
import { complete, FakeOpenAi } from '../support/fakes/fake-openai.js';
import { ScriptedLlmGateway } from '../support/fakes/scripted-llm-gateway.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { type RawAnswer, RawConnection } from '../support/fixtures/raw-connection.js';
import { makeTestFolder, startTestApp, type TestApp, type TestFolder } from '../support/fixtures/test-app.js';
import { ServerProcess } from '../support/processes/server-process.js';

function request(api: ApiClient, method: string, path: string, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  return (
    `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${api.apiKey}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  );
}

/** Opens a connection and starts a turn on it. */
async function startTurn(url: string): Promise<{ connection: RawConnection; api: ApiClient }> {
  const api = await new ApiClient(url).signUp();
  const characterId = await api.createCharacter();
  const connection = await RawConnection.open(url);
  connection.write(request(api, 'POST', '/api/chat', { characterId, message: 'Hello.' }));
  return { connection, api };
}

function expectShuttingDown(answer: RawAnswer | null): void {
  expect(answer?.status).to.equal(503);
  expect(JSON.parse(answer?.body ?? '')).to.deep.equal({
    type: 'urn:fastwrap:error:shutting_down',
    title: 'Service Unavailable',
    status: 503,
    detail: 'The service is shutting down.',
    code: 'shutting_down',
    requestId: answer?.headers['x-request-id'],
  });
  expect(answer?.headers).to.include({ 'content-type': 'application/problem+json', 'retry-after': '1' });
}

async function expectRefused(url: string): Promise<void> {
  const outcome = await RawConnection.open(url).then(
    () => 'a connection',
    (error: { code?: string }) => error.code,
  );
  expect(outcome).to.equal('ECONNREFUSED');
}

describe('a stop, within the process', () => {
  let llm: ScriptedLlmGateway;
  let app: TestApp;

  async function start(graceMs: number): Promise<void> {
    llm = new ScriptedLlmGateway();
    app = await startTestApp({
      env: { SHUTDOWN_GRACE_MS: String(graceMs) },
      override: (container) => container.rebind(LLM).toConstantValue(llm),
    });
  }

  afterEach(() => app.stop());

  it('lets the running turn end, and refuses what comes after it on a kept connection', async () => {
    await start(60_000);
    const turn = llm.hold();
    const called = llm.nextCall();
    const { connection, api } = await startTurn(app.url);
    await called;
    expect((await api.get('/readyz')).status).to.equal(200);

    const stopped = app.stop();
    connection.write(request(api, 'GET', '/livez'));
    connection.write(request(api, 'GET', '/health'));
    connection.write(request(api, 'GET', '/readyz'));
    connection.write(request(api, 'GET', '/api/clients/me'));
    turn.release();

    const answer = await connection.nextAnswer();
    expect(answer?.status).to.equal(200);
    expect(JSON.parse(answer?.body ?? '').reply.content).to.equal('Good day.');
    expect((await connection.nextAnswer())?.status, 'livez').to.equal(200);
    expect((await connection.nextAnswer())?.status, 'health').to.equal(200);
    expectShuttingDown(await connection.nextAnswer());
    const refused = await connection.nextAnswer();
    expectShuttingDown(refused);
    expect(refused?.headers['connection']).to.equal('close');
    await connection.closed;
    await stopped;
  });

  it('tells new connections so while a turn runs, and listens no more when it has ended', async () => {
    await start(60_000);
    const turn = llm.hold();
    const called = llm.nextCall();
    const { connection, api } = await startTurn(app.url);
    await called;
    const stopped = app.stop();
    const ask = async (method: string, path: string, body?: object) => {
      const other = await RawConnection.open(app.url);
      other.write(request(api, method, path, body));
      const answer = await other.nextAnswer();
      other.end();
      return answer;
    };
    expect((await ask('GET', '/livez'))?.status, 'livez').to.equal(200);
    expect((await ask('GET', '/health'))?.status, 'health').to.equal(200);
    expectShuttingDown(await ask('GET', '/readyz'));
    const refused = await ask('POST', '/api/chat', { characterId: 'any', message: 'Hello.' });
    expectShuttingDown(refused);
    expect(refused?.headers['connection']).to.equal('close');
    turn.release();
    expect((await connection.nextAnswer())?.status).to.equal(200);
    await stopped;
    await expectRefused(app.url);
  });

  it('tells a turn that outlasts the grace, and calls the model off', async () => {
    await start(20);
    llm.hold();
    const called = llm.nextCall();
    const { connection } = await startTurn(app.url);
    const signal = await called;
    await app.stop();
    expectShuttingDown(await connection.nextAnswer());
    if (!signal.aborted) await once(signal, 'abort');
  });

  it('does not wait for a model that cannot be called off', async () => {
    await start(20);
    llm.answer = () => new Promise(() => undefined);
    const called = llm.nextCall();
    const { connection } = await startTurn(app.url);
    await called;
    await app.stop();
    expect(await connection.nextAnswer()).to.equal(null);
  });

  it('does not wait for connections that bring no request', async () => {
    await start(60_000);
    const kept = await RawConnection.open(app.url);
    kept.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await kept.nextAnswer())?.headers['connection']).to.equal('keep-alive');
    const silent = await RawConnection.open(app.url);
    const slow = await RawConnection.open(app.url);
    slow.write('GET /livez HT');
    await new ApiClient(app.url).get('/livez');
    await app.stop();
    await Promise.all([kept.closed, silent.closed, slow.closed]);
  });

  it('can be asked for twice', async () => {
    await start(60_000);
    await Promise.all([app.stop(), app.stop()]);
    await expectRefused(app.url);
  });
});

describe('a signal to the process', function () {
  this.timeout(20_000);

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
