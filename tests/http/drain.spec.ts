import { once } from 'node:events';
import { expect } from 'chai';
import { LLM } from '#src/infrastructure/tokens.js';
import { ScriptedLlmGateway } from '../support/fakes/scripted-llm-gateway.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { expectRefused, expectShuttingDown, request, startTurn } from '../support/fixtures/draining.js';
import { OPERATIONS } from '../support/fixtures/openapi-operations.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

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

  it('answers new connections with shutting_down while a turn runs, and listens no more when it has ended', async () => {
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
    for (const { method, path } of OPERATIONS) {
      if (path === '/livez' || path === '/health') continue;
      expectShuttingDown(await ask(method, path.replaceAll(/\{\w+\}/g, 'any')));
    }
    const refused = await ask('POST', '/api/chat', { characterId: 'any', message: 'Hello.' });
    expectShuttingDown(refused);
    expect(refused?.headers['connection']).to.equal('close');
    turn.release();
    expect((await connection.nextAnswer())?.status).to.equal(200);
    await stopped;
    await expectRefused(app.url);
  });

  it('ends a turn that outlasts the grace with an error, and cancels the call of the model', async () => {
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
