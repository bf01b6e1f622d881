import type { RequestListener } from 'node:http';
import { expect } from 'chai';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CONNECT = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n';

/** Node takes its parser and its listeners away from a connection that asks for a tunnel. */
describe('HttpServer, towards CONNECT', () => {
  let server: HttpServer;
  let lines: LogLine[];

  beforeEach(async () => {
    lines = [];
    const listener: RequestListener = (_request, response) =>
      response.setHeader('Content-Length', 2).end('ok');
    server = await HttpServer.listen(listener, {
      host: '127.0.0.1',
      port: 0,
      logger: recordingLogger(lines),
    });
  });

  afterEach(() => server.close(0, () => undefined));

  for (const [what, bytes, statuses] of [
    ['by itself', CONNECT, [400]],
    ['with a request behind it in one packet', CONNECT + GET, [400]],
    ['behind a request', GET + CONNECT + GET, [200, 400]],
  ] as const) {
    it(`refuses it ${what}, and serves on`, async () => {
      const connection = await RawConnection.open(server.url);
      connection.write(bytes);
      for (const status of statuses) expect((await connection.nextAnswer())?.status).to.equal(status);
      connection.destroy();
      expect(lines.map(({ fields }) => fields['status'])).to.deep.equal([400]);
      expect((await fetch(server.url)).status).to.equal(200);
    });
  }
});
