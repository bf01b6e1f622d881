import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Behaviour, complete } from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import { countStatuses } from '../account.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

/** docs/operations/redis.md: within two seconds of its return all is well again. */
const WELL_AGAIN_MS = 2000;
const PAUSE_MS = 220;
/** So that a command sent at the wrong moment waits for less than the 250 ms after which it is given up. */
const BETWEEN_PAUSES_MS = 400;

interface Fault {
  readonly name: string;
  bringAbout(redis: Redis): Promise<unknown>;
  end(redis: Redis): Promise<unknown>;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'Redis is full',
    bringAbout: (redis) => redis.config('SET', 'maxmemory', '1mb'),
    end: (redis) => redis.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'Redis is read-only',
    bringAbout: (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  },
];

async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const server = await arena.startRedis();
  const redis = new Redis(server.url);
  arena.onClose(async () => redis.disconnect());
  const target = await arena.startService({
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), REDIS_URL: server.url },
  });
  const tenant = await ChatTenant.arrive(target.api);
  const figures: Figure[] = [];
  for (const fault of FAULTS) figures.push(...(await suffer(fault, redis, tenant)));

  await redis.script('FLUSH');
  figures.push(exactly('SCRIPT FLUSH: the next turn', (await tenant.chat()).status, 200));
  figures.push(...(await slow(redis, tenant)), ...(await wrongTypes(redis, tenant)));

  upstream.behaviour = slowly(1000);
  const turn = tenant.chat({ conversationId: 'flushed' });
  await delay(400);
  await redis.flushall();
  const { status, body } = await turn;
  upstream.behaviour = complete();
  const kept = await tenant.turnsKept('flushed');
  const isReported = status === 200 ? body.conversation.turns === kept : kept === null;
  figures.push(
    exactly(`FLUSHALL in mid-turn: what the answer (${status}) says is what is kept`, isReported, true),
    exactly('FLUSHALL: the next turn', (await tenant.chat()).status, 200),
  );
  return figures;
}

const slowly =
  (ms: number): Behaviour =>
  async (request, response) => {
    await delay(ms);
    await complete()(request, response);
  };

async function suffer({ name, bringAbout, end }: Fault, redis: Redis, tenant: ChatTenant): Promise<Figure[]> {
  await bringAbout(redis);
  const startedAt = performance.now();
  const answers = [await tenant.chat(), await tenant.chat(), await tenant.chat()];
  const tookMs = performance.now() - startedAt;
  const health = await tenant.api.get('/health');
  await end(redis);
  const wellAgainMs = await until(async () => (await tenant.chat()).status === 200, 2 * WELL_AGAIN_MS);
  return [
    exactly(`${name}: turns`, countStatuses(answers), { 503: answers.length }),
    atMost(`${name}: an error response takes`, tookMs / answers.length, 600, 'ms'),
    exactly(`${name}: /health`, health.status, 503),
    atMost(`${name}, and no more: well again after`, wellAgainMs, WELL_AGAIN_MS, 'ms'),
  ];
}

/** Every command may wait for 220 ms: slow, and not yet given up. */
async function slow(redis: Redis, tenant: ChatTenant): Promise<Figure[]> {
  let isOn = true;
  const pausing = (async () => {
    while (isOn) {
      await redis.call('CLIENT', 'PAUSE', String(PAUSE_MS), 'ALL');
      await delay(BETWEEN_PAUSES_MS);
    }
  })();
  const answers = [];
  for (let i = 0; i < 10; i += 1) answers.push(await tenant.chat({ conversationId: 'slow' }));
  isOn = false;
  await pausing;
  const accepted = answers.filter(({ status }) => status === 200).length;
  const others = answers.filter(({ status }) => status !== 200 && status !== 503 && status !== 409);
  return [
    exactly('Redis 220 ms slow: turns that end in another way than 200, 409 or 503', others.length, 0),
    atMost('acknowledged turns that are not kept', accepted - ((await tenant.turnsKept('slow')) ?? 0), 0),
  ];
}

/** Whatever stands where the service keeps its own. */
async function wrongTypes(redis: Redis, tenant: ChatTenant): Promise<Figure[]> {
  await tenant.chat({ conversationId: 'planted' });
  const keys = (await redis.keys('fw:*')).filter((key) => key.includes('planted'));
  for (const key of keys) await redis.multi().del(key).rpush(key, 'something else').exec();
  const turn = await tenant.chat({ conversationId: 'planted' });
  const read = await tenant.api.get('/api/conversations/planted');
  const beside = await tenant.chat({ conversationId: 'beside' });
  return [
    exactly(`${keys.length} keys of a wrong type: a turn, a reading`, [turn.status, read.status], [503, 503]),
    exactly('another conversation beside', beside.status, 200),
  ];
}

export const redisFaults: Family = {
  name: 'redis-faults',
  about: 'Redis full, read-only, slow, without its scripts, flushed in mid-turn, with keys of a wrong type',
  run,
};
