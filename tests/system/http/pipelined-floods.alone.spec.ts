import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { memoryMib } from '#tests/support/assertions/process-figures.js';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import { makeTestFolder, type TestFolder } from '#tests/support/fixtures/test-app.js';
import { ServerProcess } from '#tests/support/processes/server-process.js';

const MAX_MS = 500;
const MAX_GROWTH_MIB = 60;
/** As `npm start` has it: without a bound V8 lets garbage grow. */
const HEAP_BOUND = '--max-old-space-size=1024';

describe('a process that is flooded with pipelined requests', function () {
  this.timeout(30_000);

  let folder: TestFolder;
  let server: ServerProcess;
  let connections: RawConnection[];

  beforeEach(async () => {
    connections = [];
    folder = await makeTestFolder();
    server = await ServerProcess.start({
      cwd: folder.path,
      env: { DATABASE_URL: 'memory:', LOG_LEVEL: 'warn', NODE_OPTIONS: HEAP_BOUND },
    });
  });

  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    await server.kill();
    await folder.remove();
  });

  async function flood(count: number, path: string, requests: number): Promise<void> {
    for (let opened = 0; opened < count; opened += 1) {
      const connection = await RawConnection.open(await server.url());
      connection.pause();
      connection.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(requests));
      connections.push(connection);
    }
  }

  for (const [name, count, path, requests] of [
    ['20,000 /livez on each of 30 connections', 30, '/livez', 20_000],
    ['2,900 documents that nobody reads', 29, '/openapi.json', 100],
  ] as const) {
    it(`answers others meanwhile, and keeps its memory: ${name}`, async () => {
      const url = `${await server.url()}/health`;
      for (let asked = 0; asked < 50; asked += 1) await (await fetch(url)).text();
      const atRest = memoryMib(server.pid).now;
      await flood(count, path, requests);
      let worst = 0;
      for (let asked = 0; asked < 30; asked += 1) {
        const startedAt = performance.now();
        expect((await fetch(url)).status).to.equal(200);
        worst = Math.max(worst, performance.now() - startedAt);
        await delay(100);
      }
      expect(worst).to.be.below(MAX_MS);
      expect(memoryMib(server.pid).peak - atRest).to.be.below(MAX_GROWTH_MIB);
    });
  }
});
