import { readdirSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import sinon from 'sinon';
import { expectProblem } from '../support/assertions/expect-response.js';
import { ApiClient } from '../support/fixtures/api-client.js';
import { RawConnection } from '../support/fixtures/raw-connection.js';
import { startTestApp, type TestApp } from '../support/fixtures/test-app.js';

const FILES = [
  '/docs',
  '/docs/start.js',
  '/docs/swagger-ui.css',
  '/docs/swagger-ui-bundle.js',
  '/docs/favicon-32x32.png',
  '/openapi.json',
];
/** Those that change with the service are not cached. */
const CACHED = FILES.filter((path) => /swagger|favicon/.test(path));
const PIPELINED = 100;

/** Files and sockets that this process, in which the service runs, has open. */
const openDescriptors = () => readdirSync('/proc/self/fd').length;

describe('the files of the documentation, served from memory,', () => {
  let app: TestApp;
  let api: ApiClient;

  before(async () => {
    app = await startTestApp();
    api = new ApiClient(app.url);
  });

  after(() => app.stop());

  for (const path of CACHED) {
    it(`GET ${path} has a length and a tag, and is 304 for who has it`, async () => {
      const whole = await api.get(path);
      expect(whole.status).to.equal(200);
      const etag = whole.headers.get('etag') ?? '';
      expect(etag).to.match(/^"[\w-]{43}"$/);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await api.get(path, { 'if-none-match': known });
        expect({ status: again.status, text: again.text }, known).to.deep.equal({ status: 304, text: '' });
        for (const name of ['etag', 'cache-control', 'content-security-policy']) {
          expect(again.headers.get(name), name).to.equal(whole.headers.get(name));
        }
        expect(again.headers.has('content-length')).to.equal(false);
      }
      expect((await api.get(path, { 'if-none-match': '"other"' })).status).to.equal(200);
    });
  }

  for (const path of FILES) {
    it(`HEAD ${path} says the same without the body`, async () => {
      const whole = await api.get(path);
      const head = await api.send('HEAD', path, undefined);
      expect({ status: head.status, text: head.text }).to.deep.equal({ status: 200, text: '' });
      for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) {
        expect(head.headers.get(name), name).to.equal(whole.headers.get(name));
      }
      expect(Number(head.headers.get('content-length'))).to.be.greaterThan(50);
    });
  }

  it('are 500 without a word to caches while they cannot be read, and there again when they can', async () => {
    const fresh = await startTestApp();
    const reading = sinon.stub(files, 'readFile').rejects(new Error('EIO: i/o error'));
    syncBuiltinESMExports();
    try {
      for (const path of CACHED) {
        const failed = await new ApiClient(fresh.url).get(path);
        expectProblem(failed, 'internal_error');
        expect(Number(failed.headers.get('content-length'))).to.equal(failed.text.length);
      }
      reading.restore();
      syncBuiltinESMExports();
      for (const path of CACHED) {
        const served = await new ApiClient(fresh.url).get(path);
        expect(served.status).to.equal(200);
        expect(served.headers.get('cache-control')).to.equal('public, max-age=3600');
      }
    } finally {
      reading.restore();
      syncBuiltinESMExports();
      await fresh.stop();
    }
  });

  it('leave no descriptor open when they are asked for in a row by who then leaves', async () => {
    for (const path of FILES) await api.get(path);
    const atRest = openDescriptors();
    for (let round = 0; round < 3; round += 1) {
      const connection = await RawConnection.open(app.url);
      connection.pause();
      const requests = FILES.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
      connection.write(requests.repeat(Math.ceil(PIPELINED / FILES.length)));
      while (app.logLines.length === 0) await pause(1);
      connection.destroy();
      await connection.closed;
    }
    // The service notices that a connection is gone when it next writes to it.
    while (openDescriptors() > atRest) await pause(10);
  });
});
