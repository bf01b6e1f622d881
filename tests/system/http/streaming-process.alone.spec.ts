import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { forgetPeak, maxOpenFiles, memoryMib, openFiles } from '#tests/support/assertions/process-figures.js';
import { PacedUpstream, PIECE, PIECES } from '#tests/support/fakes/paced-upstream.js';
import { ApiClient } from '#tests/support/fixtures/api-client.js';
import { type SseEvent, SseReader } from '#tests/support/fixtures/sse-reader.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const MAX_GROWTH_MIB = 256;
const MAX_SECONDS = 60;
const WARM_UP = 50;
/** A slow reader takes what has come this often, and nothing in between. */
const BITE_MS = 400;
/** Where memory abounds, V8 lets garbage grow to four times what lives; under a bound like this it collects sooner. */
const HEAP_BOUND = '--max-old-space-size=1024';
const NO_LIMITS = {
  LIMIT_IP_PER_MINUTE: '0',
  LIMIT_CHAT_PER_MINUTE: '0',
  LIMIT_REQUESTS_PER_MINUTE: '0',
  LIMIT_CONCURRENT_TURNS: '0',
  LIMIT_CONNECTIONS_PER_ADDRESS: '0',
};

describe('a process with streams open', function () {
  this.timeout(120_000);

  let folder: TestFolder;
  let upstream: PacedUpstream;
  let server: ServerProcess;
  let api: ApiClient;
  let characterId: string;

  beforeEach(async () => {
    folder = await makeTestFolder();
    upstream = await PacedUpstream.start();
    server = await ServerProcess.start({
      cwd: folder.path,
      env: {
        DATABASE_URL: 'memory:',
        MODEL: 'paced',
        MODEL_PROVIDER: 'openai-compatible',
        MODEL_BASE_URL: upstream.baseUrl,
        MODEL_FIRST_TOKEN_MS: '60000',
        MODEL_CHUNK_MS: '60000',
        MODEL_TOTAL_MS: '120000',
        SHUTDOWN_GRACE_MS: '200',
        ...NO_LIMITS,
        NODE_OPTIONS: HEAP_BOUND,
      },
    });

    api = await new ApiClient(await server.url()).signUp();
    characterId = await api.createCharacter();
  });

  afterEach(async () => {
    await server.kill();
    await upstream.stop();
    await folder.remove();
  });

  /** Opens streams, a hundred at a time, and resolves when each has sent its first words. */
  async function open(count: number, name: string): Promise<SseReader[]> {
    const readers: SseReader[] = [];
    while (readers.length < count) {
      const batch = Array.from({ length: Math.min(100, count - readers.length) }, async (_, i) => {
        const message = `${name} ${readers.length + i}`;
        const reader = await SseReader.open(`${await server.url()}/api/chat`, {
          headers: { 'x-api-key': api.apiKey ?? '' },
          body: { characterId, message, stream: true },
        });
        expect((await reader.next())?.event).to.equal('turn');
        expect(await reader.next()).to.deep.equal({ event: 'delta', data: { text: message } });
        return reader;
      });
      readers.push(...(await Promise.all(batch)));
    }
    return readers;
  }

  async function warmUp(count: number): Promise<void> {
    await Promise.all((await open(count, 'warm-up')).map((reader) => reader.rest()));
  }

  async function readSlowly(reader: SseReader): Promise<SseEvent[]> {
    let isOver = false;
    const events = reader.rest().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      reader.pause();
      await delay(BITE_MS);
      reader.resume();
      await reader.news();
    }
    return events;
  }

  /** After half of it, while there is no more. */
  async function leaveMidway(reader: SseReader): Promise<void> {
    for (let i = 0; i < PIECES / 2; i += 1) expect((await reader.next())?.event).to.equal('delta');
    reader.leave();
    await reader.closed;
  }

  function expectWhole(events: readonly SseEvent[], message: string): void {
    const done = events.at(-1);
    expect(done?.event, message).to.equal('done');
    const text = events.slice(0, -1).reduce((all, { data }) => all + data.text, message);
    expect(text).to.equal(message + PIECE.repeat(PIECES));
    expect(done?.data.reply.content).to.equal(text);
  }

  /** The other process closes what it no longer needs in its own time. */
  async function filesBackTo(count: number): Promise<number> {
    const deadline = performance.now() + 20_000;
    while (openFiles(server.pid) > count && performance.now() < deadline) await delay(50);
    return openFiles(server.pid);
  }

  /** Resolves when upstream has seen so many requests broken off, with the time that it took. */
  async function calledOff(count: number): Promise<number> {
    const startedAt = performance.now();
    while ((await upstream.report()).brokenOff < count && performance.now() - startedAt < 10_000)
      await delay(20);
    return performance.now() - startedAt;
  }

  it('serves 1,000 at once, 30 % of them to slow readers and 30 % to readers who leave', async () => {
    const count = Math.min(1000, Math.floor((maxOpenFiles() - 200) / 2));
    upstream.keepBack(0);
    await warmUp(1);
    const files = openFiles(server.pid);
    await warmUp(WARM_UP);
    upstream.keepBack(PIECES);
    await upstream.report();
    forgetPeak(server.pid);
    const { now: before } = memoryMib(server.pid);

    const startedAt = performance.now();
    const readers = await open(count, 'visitor');
    const openedAt = performance.now();
    const filesAtOnce = openFiles(server.pid);
    expect(filesAtOnce).to.be.at.least(2 * count);
    const atOnce = memoryMib(server.pid).now;
    upstream.keepBack(PIECES / 2);
    const whole: Promise<void>[] = [];
    const left: Promise<void>[] = [];
    for (const [i, reader] of readers.entries()) {
      const message = `visitor ${i}`;
      if (i % 10 < 3) left.push(leaveMidway(reader));
      else {
        const reading = i % 10 < 6 ? readSlowly(reader) : reader.rest();
        whole.push(reading.then((events) => expectWhole(events, message)));
      }
    }
    await Promise.all(left);
    const calledOffMs = await calledOff(left.length);
    upstream.keepBack(0);
    await Promise.all(whole);
    const seconds = (performance.now() - startedAt) / 1000;
    const { now: after, peak } = memoryMib(server.pid);
    const filesAfter = await filesBackTo(files);
    const { answered, brokenOff } = await upstream.report();

    process.stdout.write(
      `      ${count} streams opened in ${((openedAt - startedAt) / 1000).toFixed(1)} s, over after ${seconds.toFixed(1)} s: ` +
        `${whole.length} whole, ${left.length} left and called off upstream after ${calledOffMs.toFixed(0)} ms\n` +
        `      memory ${before.toFixed(0)} MiB before, ${atOnce.toFixed(0)} with all open, ${peak.toFixed(0)} at most, ` +
        `${after.toFixed(0)} after; open files ${files} before, ${filesAtOnce} with all open, ${filesAfter} after\n`,
    );
    expect(whole.length + left.length).to.equal(count);
    expect(peak - before).to.be.below(MAX_GROWTH_MIB);
    expect(filesAfter).to.be.at.most(files);
    expect(seconds).to.be.below(MAX_SECONDS);
    expect(calledOffMs).to.be.below(1000);
    expect({ answered, brokenOff }).to.deep.equal({
      answered: 1 + WARM_UP + whole.length,
      brokenOff: left.length,
    });
    expect((await api.get('/health')).body.status).to.equal('ok');
  });

  it('ends every stream with an error on SIGTERM, and ends with 0', async () => {
    const readers = await open(50, 'visitor');
    server.send('SIGTERM');
    for (const reader of readers) {
      const events = await reader.rest();
      expect(events.map(({ event }) => event)).to.deep.equal(['error']);
      expect(events[0]?.data).to.include({
        status: 503,
        code: 'shutting_down',
        requestId: reader.headers['x-request-id'],
      });
      expect(reader.isWhole).to.equal(true);
    }
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
    expect(server.stderr).to.equal('');
    expect((await upstream.report()).brokenOff).to.equal(50);
  });
});
