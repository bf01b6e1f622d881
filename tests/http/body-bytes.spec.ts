import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { MAX_BODY_BYTES } from '#src/adapters/http/pipeline/body/body-bound.js';
import { expectProblem } from '../support/assertions/expect-response.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { OPERATIONS, resolve, type Schema } from '../support/fixtures/openapi-operations.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

/** Every character as its escape. */
const escaped = (text: string) =>
  [...Array(text.length).keys()]
    .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');

const ESCAPED_UNIT_BYTES = 6;
/** Two UTF-16 units. */
const ESCAPED_CHARACTER_BYTES = 12;
/** A number or a word, and what stands around each field on a line of its own. */
const OTHER_VALUE_BYTES = 30;

/** The longest JSON text that a schema admits. */
function maxBytes(schema: Schema): number {
  const { properties, maxLength } = resolve(schema);
  if (maxLength !== undefined) return maxLength * ESCAPED_CHARACTER_BYTES + OTHER_VALUE_BYTES;
  return Object.entries(properties ?? {}).reduce(
    (sum, [name, inner]) => sum + name.length * ESCAPED_UNIT_BYTES + maxBytes(inner),
    OTHER_VALUE_BYTES,
  );
}

describe('the bytes of a body', () => {
  let app: TestApp;
  let owner: ApiClient;
  let connection: RawConnection;

  before(async () => {
    app = await startTestApp();
    owner = await new ApiClient(app.url).signUp();
  });

  after(() => app.stop());

  beforeEach(async () => {
    connection = await RawConnection.open(app.url);
  });

  afterEach(() => connection.destroy());

  const head = (path: string, ...lines: string[]) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${owner.apiKey}\r\nContent-Type: application/json\r\n` +
    `${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

  async function expectTooLargeAndTheEnd(): Promise<void> {
    const answer = await connection.nextAnswer();
    expect(answer).to.have.property('status', 413);
    expect(answer?.headers).to.include({
      'content-type': 'application/problem+json',
      connection: 'close',
    });
    expect(JSON.parse(answer?.body ?? '')).to.include({ code: 'payload_too_large' });
    expect(await connection.nextAnswer()).to.equal(null);
  }

  for (const { method, path, body } of OPERATIONS) {
    if (body === null) continue;
    it(`hold the longest body that ${method} ${path} admits, all of it in escapes`, () => {
      expect(maxBytes(body)).to.be.within(OTHER_VALUE_BYTES, MAX_BODY_BYTES);
    });
  }

  for (const [what, text] of [
    ['Chinese characters', '书'.repeat(16_000)],
    ['Cyrillic letters', 'Ж'.repeat(11_000)],
    ['emoji', '😀'.repeat(16_000)],
  ] as const) {
    it(`hold instructions of ${[...text].length} ${what}, each written as an escape`, async () => {
      const created = await owner.post('/api/characters', `{"name":"a","instructions":"${escaped(text)}"}`);
      expect(created.status, created.text).to.equal(201);
      expect(created.body.instructions).to.equal(text);
    });
  }

  it('end at 256 KiB, to the byte', async () => {
    const body = '{"name":"a","instructions":"b"}';
    const padded = body.padEnd(MAX_BODY_BYTES);
    expect((await owner.post('/api/characters', padded)).status).to.equal(201);
    expect(
      (await owner.post('/api/characters', gzipSync(padded), { 'content-encoding': 'gzip' })).status,
    ).to.equal(201);
    expectProblem(await owner.post('/api/characters', `${padded} `), 'payload_too_large');
    expectProblem(
      await owner.post('/api/characters', gzipSync(`${padded} `), { 'content-encoding': 'gzip' }),
      'payload_too_large',
    );
  });

  for (const path of ['/api/characters', '/auth/keys', '/nowhere']) {
    it(`are refused at ${path} by their declared number alone, and none is read`, async () => {
      connection.write(head(path, `Content-Length: ${MAX_BODY_BYTES + 1}`));
      await expectTooLargeAndTheEnd();
    });
  }

  it('are read no further than the bound when their number is not declared', async () => {
    connection.write(head('/api/characters', 'Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    for (let sent = 0; sent <= MAX_BODY_BYTES; sent += 65_536) connection.write(chunk);
    // It would be a request of its own if the body were taken to have ended.
    connection.write('0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await expectTooLargeAndTheEnd();
  });

  it('are bounded also where they decode to nothing', async () => {
    connection.write(head('/api/characters', 'Transfer-Encoding: chunked', 'Content-Encoding: gzip'));
    const emptyBlock = '\x00\x00\x00\xff\xff';
    const chunk = emptyBlock.repeat(4096);
    connection.write(`a\r\n${gzipSync('').subarray(0, 10).toString('latin1')}\r\n`);
    for (let sent = 0; sent <= MAX_BODY_BYTES; sent += chunk.length) {
      connection.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    }
    await expectTooLargeAndTheEnd();
  });

  it('end the connection with an error response that did not wait for their end', async () => {
    connection.write(
      `POST /api/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`,
    );
    const answer = await connection.nextAnswer();
    expect(answer).to.have.property('status', 401);
    expect(answer?.headers).to.include({ connection: 'close' });
    connection.write('0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.nextAnswer()).to.equal(null);
  });

  it('leave the connection open when all have been read', async () => {
    const body = '{"name":"a","instructions":"b"}';
    connection.write(
      `${head('/api/characters', 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    expect(await connection.nextAnswer()).to.have.property('status', 201);
    connection.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.nextAnswer()).to.have.property('status', 200);
  });
});

describe('what a body is made of', () => {
  let app: TestApp;
  let owner: ApiClient;

  before(async () => {
    app = await startTestApp();
    owner = await new ApiClient(app.url).signUp();
  });

  after(() => app.stop());

  for (const again of ['n\\u0061me', '\\u006e\\u0061\\u006d\\u0065', 'nam\\u0065']) {
    it(`is compared as it is read: "${again}" is the name "name" once more`, async () => {
      const body = `{"name":"a","instructions":"b","${again}":"c"}`;
      expectProblem(await owner.post('/api/characters', body), 'invalid_request', {
        detail: 'The body has the same field twice.',
      });
    });
  }

  it('is one field where an escaped name stands alone', async () => {
    const created = await owner.post('/api/characters', '{"n\\u0061me":"a","instructions":"b \\": "}');
    expect(created.status, created.text).to.equal(201);
    expect(created.body).to.include({ name: 'a', instructions: 'b ": ' });
  });

  it('is at most 1,000 values', async () => {
    const values = (count: number) => `{"name":[${Array(count).fill('1').join(',')}],"instructions":"b"}`;
    expectProblem(await owner.post('/api/characters', values(1000)), 'payload_too_large');
    expectProblem(await owner.post('/api/characters', values(999)), 'invalid_request', {
      errors: [{ field: 'name', message: 'must be string' }],
    });
  });
});
