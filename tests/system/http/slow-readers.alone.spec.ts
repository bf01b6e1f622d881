import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Response } from 'express';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { EventStream } from '#src/adapters/http/streaming/event-stream.js';
import { startExpressServer } from '#tests/support/fakes/express-server.js';
import { SseReader } from '#tests/support/fixtures/sse-reader.js';
import { recordingLogger } from '#tests/support/fixtures/test-app.js';

const STALL_MS = 250;
/** More than the kernel keeps for two sockets. */
const FLOOD = 'x'.repeat(32 * 1024 * 1024);

/** Reads at a pace that takes five times as long for the whole as a reader may stall, until it `isOver`. */
async function readSteadily(reader: SseReader, isOver: () => boolean): Promise<void> {
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const bytesPerMs = FLOOD.length / (5 * STALL_MS);
  while (!isOver()) {
    if (reader.bytes < elapsedMs() * bytesPerMs) reader.resume();
    else reader.pause();
    await delay(1);
  }
  expect(elapsedMs(), 'or it was not slow').to.be.above(3 * STALL_MS);
  reader.resume();
}

describe('a reader that is slow but steady is kept', () => {
  it('by a server whose answer has been made', async () => {
    let isClosed = false;
    let error: Error | null = null;
    const server = await HttpServer.listen(
      (_request, response) => {
        response.once('close', () => {
          isClosed = true;
          error = response.errored;
        });
        response.setHeader('Content-Length', FLOOD.length).end(FLOOD);
      },
      {
        host: '127.0.0.1',
        port: 0,
        logger: recordingLogger([]),
        policy: { stallMs: STALL_MS, lookMs: STALL_MS / 4 },
      },
    );
    const reader = await SseReader.open(server.url);
    await readSteadily(reader, () => isClosed);
    expect(error).to.equal(null);
    await reader.closed;
    expect(reader.bytes).to.equal(FLOOD.length);
    await server.close(0, () => undefined);
  });

  it('by a stream, however much one write holds', async () => {
    let isSent = false;
    const responses: Response[] = [];
    const server = await startExpressServer(async (_request, response) => {
      responses.push(response);
      const stream = new EventStream(response, { stallMs: STALL_MS });
      await stream.send('delta', { text: FLOOD });
      isSent = true;
      stream.end('done', {});
    });
    const reader = await SseReader.open(server.url);
    await readSteadily(reader, () => isSent);
    await reader.closed;
    expect(reader.isWhole).to.equal(true);
    expect(responses.map(({ errored }) => errored)).to.deep.equal([null]);
    await server.close();
  });
});
