import { setTimeout as delay } from 'node:timers/promises';
import { complete, type FakeOpenAi, refuse } from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { MovedClock } from '../moved-clock.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** docs/models.md: a model that failed five times in a row is left alone for five seconds. */
const FAILURES = 5;
const BREAKER_MS = 8000;
const CHAT_PER_MINUTE = 3;
const TTL_SECONDS = 10;
const LONG_TTL_SECONDS = 600;
const BUDGET = 5000;
/** Usage is written each second. */
const WRITTEN_MS = 2500;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const redis = await arena.startRedis();
  const figures = [await breaker(arena, upstream), await usage(arena, upstream)];
  for (const [where, env] of [
    ['memory', {}],
    ['Redis', { REDIS_URL: redis.url }],
  ] as const) {
    figures.push(
      ...(await limits(arena, upstream, where, env)),
      ...(await lifetimes(arena, upstream, where, env)),
      await budget(arena, upstream, where, env),
    );
  }
  return figures;
}

async function start(arena: Arena, upstream: FakeOpenAi, env: Readonly<Record<string, string>> = {}) {
  const folder = await arena.makeFolder();
  const clock = MovedClock.in(folder);
  upstream.behaviour = complete();
  const target = await arena.startService({
    folder,
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), ...clock.env, ...env },
  });
  return { clock, target };
}

async function breaker(arena: Arena, upstream: FakeOpenAi): Promise<Figure> {
  const { clock, target } = await start(arena, upstream);
  const tenant = await ChatTenant.arrive(target.api);
  upstream.behaviour = refuse(500);
  for (let i = 0; i < FAILURES; i += 1) await tenant.chat();
  clock.moveBy(-HOUR);
  upstream.behaviour = complete();
  const closedMs = await until(async () => (await tenant.chat()).status === 200, BREAKER_MS);
  return atMost(
    'clock back by an hour: the breaker lets calls through after',
    closedMs / 1000,
    BREAKER_MS / 1000,
    's',
  );
}

/** A limit that is reached stays so, wherever the clock goes, and says when it ends. */
async function limits(
  arena: Arena,
  upstream: FakeOpenAi,
  where: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure[]> {
  const limit = { LIMIT_CHAT_PER_MINUTE: String(CHAT_PER_MINUTE) };
  const { clock, target } = await start(arena, upstream, { ...env, ...limit });
  const tenant = await ChatTenant.arrive(target.api);
  for (let i = 0; i < CHAT_PER_MINUTE; i += 1) await tenant.chat();
  const waits: number[] = [];
  const statuses: number[] = [];
  for (const hours of [-3, 0, 3, 0, -1]) {
    clock.moveBy(hours * HOUR);
    const { status, headers } = await tenant.chat();
    statuses.push(status);
    waits.push(Number(headers.get('retry-after') ?? Number.NaN));
  }
  return [
    exactly(
      `${where}: clock back and forth by three hours: turns over the limit`,
      statuses,
      statuses.map(() => 429),
    ),
    atMost(`${where}: their longest Retry-After`, Math.max(...waits), 60, 's'),
  ];
}

/** A conversation lives as long as it was given, by a clock that nobody sets. */
async function lifetimes(
  arena: Arena,
  upstream: FakeOpenAi,
  where: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure[]> {
  const { clock, target } = await start(arena, upstream, env);
  const tenant = await ChatTenant.arrive(target.api, { ttlSeconds: TTL_SECONDS });
  const lasting = await ChatTenant.settle(tenant.api, { ttlSeconds: LONG_TTL_SECONDS });
  await tenant.chat({ conversationId: 'short' });
  await lasting.chat({ conversationId: 'lasting' });
  clock.moveBy(3 * HOUR);
  const whileAhead = await tenant.turnsKept('lasting');
  const goneOn = await lasting.chat({ conversationId: 'lasting' });
  clock.moveBy(-2 * HOUR);
  await delay((TTL_SECONDS + 2) * 1000);
  return [
    exactly(
      `${where}: clock back by two hours: turns kept after a lifetime of ${TTL_SECONDS} s`,
      await tenant.turnsKept('short'),
      null,
    ),
    exactly(
      `${where}: clock forth by three hours, and back: turns kept of a lifetime of ${LONG_TTL_SECONDS} s`,
      [whileAhead, goneOn.body.conversation?.turns, await tenant.turnsKept('lasting')],
      [1, 2, 2],
    ),
  ];
}

/** What was spent stays spent on its day, and another day has its own. */
async function budget(
  arena: Arena,
  upstream: FakeOpenAi,
  where: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure> {
  const limit = { BUDGET_TOKENS_PER_DAY: String(BUDGET) };
  const { clock, target } = await start(arena, upstream, { ...env, ...limit });
  const tenant = await ChatTenant.arrive(target.api);
  upstream.behaviour = complete({
    usage: { prompt_tokens: BUDGET, completion_tokens: 1, total_tokens: BUDGET + 1 },
  });
  const statuses = [(await tenant.chat()).status];
  const hoursLeft = 23 - new Date().getUTCHours();
  for (const seconds of [0, -new Date().getUTCHours() * HOUR, hoursLeft * HOUR, 0, DAY, DAY, 0]) {
    clock.moveBy(seconds);
    statuses.push((await tenant.chat()).status);
  }
  return exactly(
    `${where}: a budget, spent, the clock back and forth within the day, a day ahead twice, and right again`,
    statuses,
    [200, 429, 429, 429, 429, 200, 429, 429],
  );
}

async function usage(arena: Arena, upstream: FakeOpenAi): Promise<Figure> {
  const { clock, target } = await start(arena, upstream);
  const tenant = await ChatTenant.arrive(target.api);
  await tenant.chat();
  await delay(WRITTEN_MS);
  clock.moveBy(40 * DAY);
  await tenant.chat();
  await delay(WRITTEN_MS);
  clock.moveBy(0);
  const { body } = await tenant.api.get('/api/clients/me/usage');
  return exactly('clock forth by 40 days and back: turns of today in the usage', body.days[0].turns, 1);
}

export const clocks: Family = {
  name: 'clocks',
  about:
    'the clock on the wall is set back and forth by hours and days: breaker, limits, lifetimes, budgets, usage',
  run,
};
