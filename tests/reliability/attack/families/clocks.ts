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
/** Usage is written each second. */
const WRITTEN_MS = 2500;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  return [
    await breaker(arena, upstream),
    ...(await retryAfter(arena, upstream)),
    await lifetime(arena, upstream),
    await usage(arena, upstream),
  ];
}

async function start(arena: Arena, upstream: FakeOpenAi, limits: Record<string, string> = {}) {
  const folder = await arena.makeFolder();
  const clock = MovedClock.in(folder);
  upstream.behaviour = complete();
  const target = await arena.startService({
    folder,
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), ...clock.env, ...limits },
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

async function retryAfter(arena: Arena, upstream: FakeOpenAi): Promise<Figure[]> {
  const { clock, target } = await start(arena, upstream, { LIMIT_CHAT_PER_MINUTE: String(CHAT_PER_MINUTE) });
  const tenant = await ChatTenant.arrive(target.api);
  for (let i = 0; i < CHAT_PER_MINUTE; i += 1) await tenant.chat();
  clock.moveBy(-3 * HOUR);
  const refused = await tenant.chat();
  return [
    exactly('clock back by three hours: a turn over the limit', refused.status, 429),
    atMost('its Retry-After', Number(refused.headers.get('retry-after') ?? Number.NaN), 60, 's'),
  ];
}

async function lifetime(arena: Arena, upstream: FakeOpenAi): Promise<Figure> {
  const { clock, target } = await start(arena, upstream);
  const tenant = await ChatTenant.arrive(target.api, { ttlSeconds: TTL_SECONDS });
  await tenant.chat({ conversationId: 'short' });
  clock.moveBy(-2 * HOUR);
  await delay((TTL_SECONDS + 2) * 1000);
  const kept = await tenant.turnsKept('short');
  return exactly(`clock back by two hours: turns kept after a lifetime of ${TTL_SECONDS} s`, kept, null);
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
  about: 'the clock on the wall is set back and forth by hours and days: breaker, waits, lifetimes, usage',
  run,
};
