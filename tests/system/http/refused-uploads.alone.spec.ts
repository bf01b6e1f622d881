import { expect } from 'chai';
import type { ConnectionPolicy } from '#src/adapters/http/server/connection-policy.js';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';

const MEGABYTES = 10;
const HEAD = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MEGABYTES * 2 ** 20}\r\n\r\n`;
const PIECE = 'x'.repeat(2 ** 20);
const TRIES = 50;

describe('HttpServer, towards uploads that it refuses', () => {
  let server: HttpServer;

  async function listen(policy: Partial<ConnectionPolicy>): Promise<void> {
    server = await HttpServer.listen(
      (_request, response) =>
        response.writeHead(413, { Connection: 'close', 'Content-Length': 8 }).end('too much'),
      { host: '127.0.0.1', port: 0, logger: recordingLogger([]), policy },
    );
  }

  /** Looks for the answer only when all is sent. @returns its status, and how many megabytes were taken before. */
  async function upload(): Promise<{ status: number | undefined; taken: number }> {
    const connection = await RawConnection.open(server.url);
    connection.pause();
    connection.write(HEAD);
    let taken = 0;
    while (taken < MEGABYTES && (await connection.written(PIECE))) taken += 1;
    connection.resume();
    const status = (await connection.nextAnswer())?.status;
    connection.destroy();
    return { status, taken };
  }

  afterEach(() => server.close(0, () => undefined));

  it('lets whoever sends all of it first read the answer, every time', async () => {
    await listen({ lingerMs: 30_000 });
    for (let time = 1; time <= TRIES; time += 1) {
      expect(await upload(), `upload ${time}`).to.deep.equal({ status: 413, taken: MEGABYTES });
    }
  });

  it('does not take more of it than is bounded', async () => {
    await listen({ lingerMs: 30_000, lingerBytes: 2 ** 20 });
    const { taken } = await upload();
    expect(taken).to.be.below(MEGABYTES);
  });

  it('does not take it for longer than is bounded', async () => {
    await listen({ lingerMs: 50, lookMs: 10 });
    const connection = await RawConnection.open(server.url);
    connection.write(HEAD);
    expect((await connection.nextAnswer())?.status).to.equal(413);
    const sending = setInterval(() => connection.write('x'), 5);
    await connection.closed;
    clearInterval(sending);
  });
});
