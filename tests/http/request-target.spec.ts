import { expect } from 'chai';
import { UUID } from '../support/assertions/expect-response.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

describe('the target of a request', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startTestApp({ env: { LIMIT_IP_PER_MINUTE: '2' } });
  });

  afterEach(() => app.stop());

  async function ask(requestLine: string) {
    const connection = await RawConnection.open(app.url);
    connection.write(`${requestLine} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answer = await connection.nextAnswer();
    await connection.closed;
    if (answer === null) throw new Error('no answer');
    return answer;
  }

  for (const target of ['http://[::1/x', 'http://[', 'http://a:b/', 'ftp://a/livez', 'http://%/']) {
    it(`${target} is no address: refused like any other, logged and counted`, async () => {
      for (const [status, code] of [
        [400, 'invalid_request'],
        [400, 'invalid_request'],
        [429, 'rate_limited'],
      ]) {
        const answer = await ask(`GET ${target}`);
        expect(answer.status).to.equal(status);
        expect(answer.headers).to.include({ 'content-type': 'application/problem+json' });
        expect(JSON.parse(answer.body)).to.include({
          status,
          code,
          requestId: answer.headers['x-request-id'],
        });
        expect(answer.headers['x-request-id']).to.match(UUID);
      }
      const logged = app.logLines.filter(({ message }) => message === 'request');
      expect(logged.map(({ fields }) => fields['status'])).to.deep.equal([400, 400, 429]);
    });
  }

  for (const [target, status] of [
    ['http://a/livez', 200],
    ['HTTP://a:8080/livez?', 200],
    ['http://a', 200],
    ['https://a?', 200],
    ['https://a?x', 400],
    ['//livez', 404],
    ['http://a/nowhere', 404],
    ['/%', 404],
    ['/api/conversations/%E0%A4%A', 400],
    ['*', 404],
  ] as const) {
    it(`${target} is answered ${status} with the frame of every answer`, async () => {
      const answer = await ask(`GET ${target}`);
      expect(answer.status).to.equal(status);
      expect(answer.headers['x-request-id']).to.match(UUID);
      expect(answer.headers['content-type']).to.match(/json/);
    });
  }
});
