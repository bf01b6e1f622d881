import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SqliteDatabase } from '#src/adapters/sqlite/database/sqlite-database.js';
import { SqliteUsageRepository } from '#src/adapters/sqlite/repositories/sqlite-usage-repository.js';
import { USAGE_DAYS } from '#src/domain/usage/usage.js';
import { utcDayOf, utcDaysUntil } from '#src/domain/usage/utc-day.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import type { HonestFigures, HonestPlan } from '../honest-caller.js';
import { upstreamEnv } from '../target.js';

const CHARACTERS = 10_000;
/** Below this a machine that others use too shows its own moods. */
const RESOLUTION_MS = 20;
/** A machine that is busier than this by itself cannot show what the reports add. */
const MAX_AT_REST_MS = 60;
const READERS = [1, 4];

/** As if each of so many characters had been spoken with on each day. */
async function fillUsage(folder: string, clientId: string): Promise<void> {
  const database = await SqliteDatabase.open(join(folder, 'data/fastwrap.db'));
  const usage = new SqliteUsageRepository(database);
  const days = utcDaysUntil(utcDayOf(Date.now()), USAGE_DAYS);
  const characterIds = Array.from({ length: CHARACTERS }, () => randomUUID());
  for (const day of days) {
    const entries = characterIds.map((characterId, index) => ({
      ...{ clientId, day, characterId },
      ...{ turns: 1, inputTokens: index, outputTokens: index },
    }));
    await usage.add(entries, days.at(-1) ?? day);
  }
  await database.close();
}

/**
 * Asks for the report again as soon as it has come. Whatever it says is thrown away as it comes: the provider of the others'
 * turns lives in this thread. @returns how long the slowest took.
 */
async function readReports(url: string, apiKey: string | null, until: number): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  let worstMs = 0;
  while (performance.now() < until) {
    const startedAt = performance.now();
    const outgoing = request(`${url}/api/clients/me/usage`, {
      agent,
      headers: { 'x-api-key': apiKey ?? '' },
    });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    await once(response, 'end');
    if (response.statusCode !== 200) throw new Error(`the report answered ${response.statusCode}`);
    worstMs = Math.max(worstMs, performance.now() - startedAt);
  }
  agent.destroy();
  return worstMs;
}

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const folder = await arena.makeFolder();
  const env = { ...NO_LIMITS, ...upstreamEnv(upstream) };
  const first = await arena.startService({ env, folder });
  const tenant = await first.api.signUp();
  const { body: client } = await tenant.get('/api/clients/me');
  await first.stop();
  await fillUsage(folder, client.id);

  const target = await arena.startService({ env, folder });
  const other = await target.api.signUp();
  const chat: HonestPlan = {
    url: `${target.url}/api/chat`,
    everyMs: 50,
    method: 'POST',
    headers: { 'x-api-key': other.apiKey ?? '' },
    bodies: [{ characterId: await other.createCharacter(), message: 'Hello' }],
  };
  const durationMs = arena.quick(3000, 10_000);
  const beside = async (readers: number): Promise<{ others: HonestFigures; reportMs: number }> => {
    const caller = arena.startCaller(chat);
    await caller.hasBegun();
    const until = performance.now() + durationMs;
    const reading = Array.from({ length: readers }, () => readReports(target.url, tenant.apiKey, until));
    const [reports] = await Promise.all([Promise.all(reading), delay(durationMs)]);
    return { others: await caller.stop(), reportMs: Math.max(0, ...reports) };
  };
  await beside(0);
  const atRest = await beside(0);
  const max = Math.max(RESOLUTION_MS, 2 * atRest.others.p99Ms);
  const figures = [atMost("others' chat at rest, p99", atRest.others.p99Ms, MAX_AT_REST_MS, 'ms')];
  for (const readers of READERS) {
    const { others, reportMs } = await beside(readers);
    figures.push(
      atMost(
        `others' chat, p99, beside ${readers} of them (at rest ${atRest.others.p99Ms.toFixed(1)} ms)`,
        others.p99Ms,
        max,
        'ms',
      ),
      exactly(`others' chat failed beside ${readers}`, others.failures, '{}'),
      atMost(`the slowest of ${readers} reports`, reportMs, 1000, 'ms'),
    );
  }
  return figures;
}

export const usageReport: Family = {
  name: 'usage-report',
  about: '10,000 characters × 30 days of usage, read again and again beside somebody else\u2019s chat',
  run,
};
