import { once } from 'node:events';
import { expect } from 'chai';
import { OpenRequests } from '#src/adapters/http/streaming/open-requests.js';
import { CONVERSATIONS } from '#src/infrastructure/tokens.js';
import type { ApiClient } from '../support/fixtures/api-client.js';
import { LimitedApp } from '../support/fixtures/limited-app.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';

/** Of one connection. */
const MAX_AT_ONCE = 16;

/** Node says nothing of an answer that waits for the one before it when their connection dies. */
describe('turns that were sent one after the other on one connection', () => {
  let app: LimitedApp;
  let owner: ApiClient;
  let characterId: string;
  let clientId: string;
  let connection: RawConnection;
  let warnings: Error[];
  const warn = (warning: Error) => void warnings.push(warning);

  const start = async (atOnce: number) => {
    warnings = [];
    process.on('warning', warn);
    app = new LimitedApp();
    await app.start({ LIMIT_CONCURRENT_TURNS: String(atOnce) });
    owner = await app.api.signUp();
    characterId = await owner.createCharacter();
    clientId = (await owner.get('/api/clients/me')).body.id;
    connection = await RawConnection.open(owner.url);
  };
  afterEach(async () => {
    process.off('warning', warn);
    connection.destroy();
    await app.stop();
  });

  const loggedTurns = () =>
    app.logLines.filter(({ message, fields }) => message === 'request' && fields['route'] === '/api/chat');

  /** Whether the client may have one more turn where so many at once are allowed. */
  async function fits(maxConcurrentTurns: number): Promise<boolean> {
    const opened = await app.container.get(CONVERSATIONS).openTurn(clientId, {
      conversationId: 'another',
      characterId,
      onBusy: 'reject',
      idempotency: null,
      maxConcurrentTurns,
      signal: new AbortController().signal,
    });
    if (opened.kind === 'open') await opened.release();
    return opened.kind === 'open';
  }

  function write(): void {
    const body = JSON.stringify({ characterId, message: 'Hello' });
    connection.write(
      `POST /api/chat HTTP/1.1\r\nHost: a\r\nx-api-key: ${owner.apiKey}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  /** Resolves with the signals of their model calls, once all have begun. */
  async function send(count: number): Promise<AbortSignal[]> {
    const signals: AbortSignal[] = [];
    for (let sent = 0; sent < count; sent += 1) {
      const called = app.llm.nextCall();
      write();
      signals.push(await called);
    }
    return signals;
  }

  for (const count of [2, MAX_AT_ONCE]) {
    it(`are called off when it dies, all ${count} of them, and hold nothing any more`, async () => {
      await start(count);
      app.llm.hold();
      const open = app.container.get(OpenRequests);
      const signals = await send(count);
      expect(open.size).to.equal(count);
      expect(await fits(count)).to.equal(false);

      connection.destroy();
      await Promise.all(signals.map((signal) => signal.aborted || once(signal, 'abort')));
      expect(open.size).to.equal(0);
      while (!(await fits(1))) await new Promise(setImmediate);
      expect(loggedTurns()).to.have.length(count);
      expect(warnings).to.deep.equal([]);
    });
  }

  it('wait for their turn beyond so many, and are called off all the same when it dies', async () => {
    await start(MAX_AT_ONCE + 1);
    app.llm.hold();
    const open = app.container.get(OpenRequests);
    const signals = await send(MAX_AT_ONCE);
    write();
    await owner.get('/api/clients/me');
    expect(open.size).to.equal(MAX_AT_ONCE);
    connection.destroy();
    await Promise.all(signals.map((signal) => signal.aborted || once(signal, 'abort')));
    expect(open.size).to.equal(0);
  });

  it('are answered in their order while it lives, and leave nothing behind on it', async () => {
    await start(3);
    const held = app.llm.hold();
    await send(3);
    held.release();
    for (let count = 0; count < 3; count += 1) {
      expect((await connection.nextAnswer())?.status).to.equal(200);
    }
    const open = app.container.get(OpenRequests);
    expect(open.size).to.equal(0);
    connection.destroy();
    await connection.closed;
    expect(loggedTurns()).to.have.length(3);
    expect(warnings).to.deep.equal([]);
  });
});
