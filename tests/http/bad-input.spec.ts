import { Agent } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import { EXPECTED_SECURITY_HEADERS, UUID } from '../support/assertions/expect-response.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import {
  doubledSlash,
  PATH_CLASSES,
  QUERY_CLASSES,
  unknownAddress,
  unknownQuery,
  wrongMethod,
} from '../support/fixtures/bad-addresses.js';
import { BODY_CLASSES, missingField } from '../support/fixtures/bad-bodies.js';
import { type NamedValue, type Operation, readOperations } from '../support/fixtures/bad-input-targets.js';
import { type BadClass, type BadRequest, validRequest } from '../support/fixtures/bad-request.js';
import { CANARY, CANARY_NUMBER } from '../support/fixtures/bad-values.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { type PlainAnswer, sendRequest } from '../support/fixtures/send-request.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

const SEED = 20_261_123;
const RUNS_PER_OPERATION = 12;
const SERVICE_KEY = 'operator-key-0123456789';

const TITLES = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
};
/** Stack frames, source files, module folders, error classes, SQL. */
const INNER_WORKINGS = /\bat .+:\d+|\.[jt]s\b|node_modules|dist\/|[A-Z]\w+Error|SELECT|INSERT|UPDATE/;
/** What an unknown field may show is its name, and no name holds the canary. */
const ECHO = new RegExp(`${CANARY}|${CANARY_NUMBER}`, 'i');

function expectProblem(
  answer: PlainAnswer,
  expected: Pick<BadRequest['expected'], 'status' | 'code' | 'field' | 'detail'>,
) {
  const { status, code, field } = expected;
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers['content-type']).to.equal('application/problem+json');
  expect(answer.headers['server-timing']).to.match(/^app;dur=\d+\.\d$/);
  expect(answer.headers).to.include(EXPECTED_SECURITY_HEADERS);
  expect(answer.text).not.to.match(INNER_WORKINGS);
  expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.to.match(ECHO);
  const { detail, errors, ...rest } = JSON.parse(answer.text);
  expect(rest).to.deep.equal({
    type: `urn:fastwrap:error:${code}`,
    title: TITLES[status],
    status,
    code,
    requestId: answer.headers['x-request-id'],
  });
  expect(detail).to.be.a('string').with.length.greaterThan(10);
  if (expected.detail !== undefined) expect(detail).to.equal(expected.detail);
  if (field === null) expect(errors).to.equal(undefined);
  else {
    expect(errors).to.have.length(1);
    expect(errors[0]).to.have.all.keys('field', 'message');
    expect(errors[0].field).to.equal(field);
    expect(errors[0].message).to.be.a('string').with.length.greaterThan(5);
  }
}

describe('bad input', () => {
  const operations = readOperations();
  const withBody = operations.filter(({ body }) => body !== null);
  const agent = new Agent({ keepAlive: true });
  const inherited = Object.getOwnPropertyNames(Object.prototype);
  const sent = new Map<string, number>();
  let app: TestApp;
  let api: ApiClient;
  let candidates: readonly string[];
  let clientId: string;

  before(async () => {
    app = await startTestApp({ env: { FASTWRAP_API_KEY: SERVICE_KEY } });
    api = await new ApiClient(app.url).signUp('owner@example.com');
    candidates = ['correct horse battery', await api.createCharacter(), 'owner@example.com'];
    clientId = (await api.get('/api/clients/me')).body.id;
  });

  after(async () => {
    agent.destroy();
    await app.stop();
    const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
    const lines = [...sent].map(([name, count]) => `      ${String(count).padStart(5)}  ${name}`);
    process.stdout.write(
      `    ${total} bad requests (seed ${SEED}) to ${operations.length} operations:\n${lines.join('\n')}\n`,
    );
  });

  function validValue({ name, schema }: NamedValue, operation: Operation): unknown {
    if (name === 'id' && operation.path.startsWith('/admin/clients')) return clientId;
    if (name === 'model') return 'demo';
    if (schema.enum !== undefined) return schema.enum[0];
    if (schema.type === 'boolean') return false;
    if (schema.type !== 'string') return schema.minimum;
    const form = new RegExp(schema.pattern ?? '');
    const value = candidates.find((candidate) => form.test(candidate));
    if (value === undefined) throw new Error(`the test knows no value for ${name}`);
    return value;
  }

  function send(request: Omit<BadRequest, 'expected' | 'operation'>, headers: Record<string, string> = {}) {
    const { method, path, body } = request;
    const keys = { 'x-api-key': api.apiKey ?? '', 'x-fastwrap-api-key': SERVICE_KEY };
    const outgoing = { ...request.headers, ...headers, ...keys };
    return sendRequest(app.url, { method, path, headers: outgoing, body }, agent);
  }

  /** All answers of one class, for each operation that it makes sense for. */
  async function refuseAll(name: string, spoil: BadClass, targets: readonly Operation[]): Promise<void> {
    expect(targets).not.to.have.length(0);
    for (const operation of targets) {
      const requests = fc.tuple(spoil(operation, validValue), fc.boolean(), fc.boolean());
      await fc.assert(
        fc.asyncProperty(requests, async ([request, hasLength, hasRequestId]) => {
          const requestId = hasRequestId ? 'kept-1' : `not kept ${CANARY}`;
          const headers = { 'x-request-id': requestId };
          const length = String(Buffer.byteLength(request.body ?? ''));
          const answer = await send(request, hasLength ? { ...headers, 'content-length': length } : headers);
          sent.set(name, (sent.get(name) ?? 0) + 1);
          expectProblem(answer, request.expected);
          expect(answer.headers['x-request-id']).to.match(hasRequestId ? /^kept-1$/ : UUID);
          expect(answer.headers.allow).to.equal(request.expected.allow);
        }),
        { seed: SEED, numRuns: RUNS_PER_OPERATION },
      );
    }
  }

  /** What every bad request was made from. */
  async function expectRightRequestsTaken(): Promise<void> {
    for (const operation of operations.filter(({ method }) => method !== 'DELETE')) {
      const { status, text } = await send(validRequest(operation, validValue));
      const isConversation = operation.path.startsWith('/api/conversations');
      const expected = isConversation ? [404] : operation.path === '/auth/signup' ? [409] : [200, 201];
      expect(expected, `${operation.method} ${operation.path}: ${status} ${text}`).to.include(status);
    }
  }

  it('starts from requests that are right but for one thing', expectRightRequestsTaken);

  for (const [name, spoil] of Object.entries(BODY_CLASSES)) {
    it(`refuses in every body: ${name}`, () => refuseAll(name, spoil, withBody));
  }

  it('refuses in every body: missing fields', () =>
    refuseAll(
      'missing fields',
      missingField,
      withBody.filter(({ body }) => body?.some(({ required }) => required)),
    ));

  for (const [name, spoil] of Object.entries(PATH_CLASSES)) {
    it(`refuses in every path: ${name}`, () =>
      refuseAll(
        name,
        spoil,
        operations.filter(({ pathParameters }) => pathParameters.length > 0),
      ));
  }

  for (const [name, spoil] of Object.entries(QUERY_CLASSES)) {
    it(`refuses in every query: ${name}`, () =>
      refuseAll(
        name,
        spoil,
        operations.filter(({ queryParameters }) => queryParameters.length > 0),
      ));
  }

  it('refuses everywhere: unknown query parameters', () =>
    refuseAll('unknown query parameters', unknownQuery, operations));

  it('refuses everywhere: a doubled slash', () => refuseAll('doubled slash', doubledSlash, operations));

  it('refuses every other method of every address, and says in Allow which it takes', () =>
    refuseAll('wrong method', wrongMethod(operations), operations));

  it('knows nothing beside its addresses', () => refuseAll('unknown address', unknownAddress, operations));

  it('answers what is not HTTP with the same kind of error, and ends the connection', async () => {
    const field = `X-Long: ${CANARY.repeat(20_000)}\r\n`;
    const post = 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const garbage = [
      `${CANARY}\r\n\r\n`,
      `FETCH /health HTTP/1.1\r\nHost: ${CANARY}\r\n\r\n`,
      `GET /health HTTP/1.1\r\nX: ${CANARY}\r\n\r\n`,
      `GET /health HTTP/9.9\r\nHost: ${CANARY}\r\n\r\n`,
      `GET /${CANARY}\0 HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET /${CANARY} x HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET /health HTTP/1.1\r\nHost: a\r\n${CANARY} no colon\r\n\r\n`,
      `GET /health HTTP/1.1\r\nHost: a\r\n${field}\r\n`,
      `GET /${CANARY.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      `${post}Content-Length: -1\r\n\r\n`,
      `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\n${CANARY}\r\n`,
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ];
    const noise = fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => `\x01${String.fromCharCode(...bytes)}`);
    for (const bytes of [...garbage, ...fc.sample(noise, { seed: SEED, numRuns: 50 })]) {
      const connection = await RawConnection.open(app.url);
      connection.write(bytes);
      const answer = await connection.nextAnswer();
      if (answer === null) throw new Error(`no answer to ${bytes.slice(0, 60)}`);
      expectProblem({ ...answer, text: answer.body }, { status: 400, code: 'invalid_request', field: null });
      expect(answer.headers['x-request-id']).to.match(UUID);
      expect(answer.headers['connection']).to.equal('close');
      sent.set('not HTTP', (sent.get('not HTTP') ?? 0) + 1);
      connection.destroy();
    }
  });

  it('outlives callers that break off in the middle of a body', async () => {
    for (const part of ['', '{', `{"name":"${CANARY}`]) {
      const connection = await RawConnection.open(app.url);
      connection.write(
        `POST /api/characters HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${api.apiKey}\r\n` +
          'Content-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n',
      );
      expect(await connection.nextAnswer()).to.have.property('status', 100);
      connection.write(part);
      connection.end();
      const answer = await connection.nextAnswer();
      expect(answer?.body ?? '').not.to.match(ECHO);
      await connection.closed;
    }
    const answer = await api.get('/health');
    expect(answer.status).to.equal(200);
  });

  it('is as well afterwards as before, has sent at least 300 error responses, and has logged no value', async () => {
    const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
    expect(total).to.be.at.least(300);
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(inherited);
    expect('polluted' in {}).to.equal(false);
    await expectRightRequestsTaken();
    const health = await api.get('/health');
    expect(health.body.status).to.equal('ok');
    expect(app.logLines.filter(({ level }) => level === 'error' || level === 'warn')).to.deep.equal([]);
    expect(JSON.stringify(app.logLines)).not.to.match(ECHO);
  });
});
