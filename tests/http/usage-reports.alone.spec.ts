import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { expect } from 'chai';
import { SqliteDatabase } from '#src/adapters/sqlite/sqlite-database.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/sqlite-usage-repository.js';
import { utcDayOf, utcDaysUntil } from '#src/domain/utc-day.js';
import { idOf } from '#tests/contracts/client-repository.contract.js';
import { ApiClient } from '#tests/support/api-client.js';
import { ServerProcess } from '#tests/support/server-process.js';
import { makeTestFolder, type TestFolder } from '#tests/support/test-app.js';

const CHARACTERS = 10_000;
const DAYS = 30;
const READERS = 4;
/** Between two pages of one caller: four fetch as many as the limit on a client's requests lets through by default. */
const PAGE_EVERY_MS = 200;
const SAMPLES = 300;
/** Rest and load take turns, so that other work on the machine meets both. */
const ROUNDS = 3;
/** Below this a p99 tells of the machine and not of the service. */
const NOISE_MS = 5;

describe('pages of usage with many characters', function () {
  this.timeout(120_000);

  let folder: TestFolder;
  let server: ServerProcess;
  let busy: ApiClient;
  let other: ApiClient;
  let characterId: string;

  before(async () => {
    folder = await makeTestFolder();
    server = await ServerProcess.start({ cwd: folder.path, env: { LOG_LEVEL: 'warn' } });
    busy = await new ApiClient(await server.url()).signUp();
    other = await new ApiClient(await server.url()).signUp();
    characterId = await other.createCharacter();
    const { id: clientId } = (await busy.get('/api/clients/me')).body;
    const database = await SqliteDatabase.open(join(folder.path, 'data/fastwrap.db'));
    const usage = new SqliteUsageRepository(database);
    for (const day of utcDaysUntil(utcDayOf(Date.now()), DAYS)) {
      const entries = Array.from({ length: CHARACTERS }, (_, number) => ({
        clientId,
        day,
        characterId: idOf(number),
        turns: 1,
        inputTokens: (number * 7919) % 100_003,
        outputTokens: 5,
      }));
      await usage.add(entries, '2000-01-01');
    }
    await database.close();
  });

  after(async () => {
    await server.kill();
    await folder.remove();
  });

  const p99 = async (call: (index: number) => Promise<{ status: number }>) => {
    const tookMs: number[] = [];
    for (let index = 0; index < SAMPLES; index += 1) {
      const sentAt = performance.now();
      expect((await call(index)).status).to.equal(200);
      tookMs.push(performance.now() - sentAt);
    }
    tookMs.sort((a, b) => a - b);
    return tookMs[Math.floor(SAMPLES * 0.99) - 1] ?? 0;
  };

  const chat = (index: number) =>
    other.post('/api/chat', { characterId, conversationId: `shop-${index % 20}`, message: 'How are you?' });
  const readKeys = () => other.get('/api/clients/me/keys');

  for (const [what, call] of [
    ['turns', chat],
    ['reads', readKeys],
  ] as const) {
    it(`leaves others' ${what} at most twice as slow as at rest while four callers fetch them`, async () => {
      await p99(call);
      const rest: number[] = [];
      const meanwhile: number[] = [];
      let pages = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        rest.push(await p99(call));
        const readers = new PageReaders(busy, READERS);
        meanwhile.push(await p99(call));
        pages += await readers.stop();
      }
      expect(pages).to.be.at.least(READERS * ROUNDS);
      const figures = `p99 ${rest.map(inMs)} at rest, ${meanwhile.map(inMs)} beside ${pages} pages`;
      expect(medianOf(meanwhile), figures).to.be.below(2 * Math.max(medianOf(rest), NOISE_MS));
    });
  }
});

/** Callers that fetch the page of usage again and again. */
class PageReaders {
  readonly #all: Promise<unknown>;
  #isOver = false;
  #pages = 0;

  constructor(client: ApiClient, count: number) {
    this.#all = Promise.all(Array.from({ length: count }, () => this.#read(client)));
  }

  /** @returns how many pages were fetched. */
  async stop(): Promise<number> {
    this.#isOver = true;
    await this.#all;
    return this.#pages;
  }

  async #read({ url, apiKey }: ApiClient): Promise<void> {
    for await (const _ of setInterval(PAGE_EVERY_MS)) {
      if (this.#isOver) return;
      const page = await fetch(`${url}/api/clients/me/usage`, { headers: { 'x-api-key': apiKey ?? '' } });
      // Not parsed: this process measures meanwhile.
      expect((await page.arrayBuffer()).byteLength).to.be.greaterThan(100_000);
      this.#pages += 1;
    }
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function inMs(value: number): string {
  return `${value.toFixed(1)} ms`;
}
