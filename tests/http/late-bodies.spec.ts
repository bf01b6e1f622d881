import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { Authorize } from '#src/application/access/authorize.js';
import { CLOCK } from '#src/infrastructure/tokens.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { type RawAnswer, RawConnection } from '../support/fixtures/raw-connection.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

const SERVICE_KEY = 'operator-key-0123456789';

/** The system's, and ahead of it by a given offset. */
class AdvancingClock extends SystemClock {
  #aheadMs = 0;

  override now(): number {
    return super.now() + this.#aheadMs;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#aheadMs;
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** Requests whose body is not complete yet when their key is looked at. */
describe('a body that comes late', () => {
  const asked = new EventEmitter();
  let timesAsked: number;
  let clock: AdvancingClock;
  let app: TestApp;
  let owner: ApiClient;
  let clientId: string;
  let keyId: string;
  let connection: RawConnection;

  function noticed(authorize: Authorize): Authorize {
    const { execute } = authorize;
    authorize.execute = async (...args) => {
      timesAsked += 1;
      try {
        return await execute.apply(authorize, args);
      } finally {
        // By then the route has what it waited for.
        setImmediate(() => asked.emit('answered'));
      }
    };
    return authorize;
  }

  beforeEach(async () => {
    clock = new AdvancingClock();
    app = await startTestApp({
      env: { FASTWRAP_API_KEY: SERVICE_KEY },
      override: (container) => {
        container.rebind(CLOCK).toConstantValue(clock);
        container.onActivation(Authorize, (_context, authorize) => noticed(authorize));
      },
    });
    owner = await new ApiClient(app.url).signUp();
    clientId = (await owner.get('/api/clients/me')).body.id;
    keyId = (await owner.get('/api/clients/me/keys')).body.data[0].id;
    connection = await RawConnection.open(app.url);
    timesAsked = 0;
  });

  afterEach(async () => {
    connection.destroy();
    await app.stop();
  });

  /** Resolves when the key was found good, with all of the body missing but its beginning. */
  async function begin(method: string, path: string, body: string, key: string): Promise<void> {
    const answered = once(asked, 'answered');
    connection.write(
      `${method} ${path} HTTP/1.1\r\nHost: a\r\n${key}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 3)}`,
    );
    await answered;
  }

  async function finish(body: string): Promise<RawAnswer> {
    connection.write(body.slice(3));
    const answer = await connection.nextAnswer();
    if (answer === null) throw new Error('the connection ended without an answer');
    return answer;
  }

  const ownKey = () => `x-api-key: ${owner.apiKey}`;
  const operators = `x-fastwrap-api-key: ${SERVICE_KEY}`;
  const asOperator = { 'x-fastwrap-api-key': SERVICE_KEY };
  const codeOf = ({ status, body }: RawAnswer) => [status, JSON.parse(body).code];

  const NEW_KEY = '{"name":"mine"}';
  const NEW_CHARACTER = '{"name":"A","instructions":"B"}';
  for (const [path, body] of [
    ['/api/clients/me/keys', NEW_KEY],
    ['/api/characters', NEW_CHARACTER],
  ] as const) {
    it(`does nothing at ${path} when its key has been revoked meanwhile`, async () => {
      const other = owner.withKey((await owner.post('/api/clients/me/keys', {})).body.apiKey);
      await begin('POST', path, body, ownKey());
      expect((await other.delete(`/api/clients/me/keys/${keyId}`)).status).to.equal(204);
      clock.advance(300);
      expect(codeOf(await finish(body))).to.deep.equal([401, 'unauthenticated']);
      const usable = (await other.get('/api/clients/me/keys')).body.data.filter(
        (key: { revokedAt: string | null }) => key.revokedAt === null,
      );
      expect(usable).to.have.length(1);
      expect((await other.get('/api/characters')).body.data).to.deep.equal([]);
    });

    it(`does nothing at ${path} when its client has been suspended meanwhile`, async () => {
      await begin('POST', path, body, ownKey());
      const suspend = { suspended: true };
      const operator = owner.withKey(null);
      expect((await operator.patch(`/admin/clients/${clientId}`, suspend, asOperator)).status).to.equal(200);
      clock.advance(300);
      expect(codeOf(await finish(body))).to.deep.equal([403, 'forbidden']);
      await operator.patch(`/admin/clients/${clientId}`, { suspended: false }, asOperator);
      expect((await owner.get('/api/clients/me/keys')).body.data).to.have.length(1);
      expect((await owner.get('/api/characters')).body.data).to.deep.equal([]);
    });
  }

  it('is taken when its key is still good', async () => {
    await begin('POST', '/api/clients/me/keys', NEW_KEY, ownKey());
    clock.advance(300);
    expect((await finish(NEW_KEY)).status).to.equal(201);
    expect(timesAsked).to.equal(2);
  });

  it("has the operator's key looked at again, too", async () => {
    const body = '{"suspended":false}';
    await begin('PATCH', `/admin/clients/${clientId}`, body, operators);
    clock.advance(300);
    expect((await finish(body)).status).to.equal(200);
    expect(timesAsked).to.equal(2);
  });

  it('has its key looked at once when it comes at once', async () => {
    expect((await owner.post('/api/clients/me/keys', {})).status).to.equal(201);
    expect(timesAsked).to.equal(1);
  });
});
