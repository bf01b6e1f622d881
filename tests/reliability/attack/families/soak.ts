import { setTimeout as delay } from 'node:timers/promises';
import { complete, drip, half, inTurn, refuse } from '#tests/support/fake-openai.js';
import { SseReader } from '#tests/support/sse-reader.js';
import { NO_LIMITS } from '#tests/support/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { type Innards, withProbe } from '../probe.js';
import { upstreamEnv } from '../target.js';

const CALLERS = 8;
const PAUSE_MS = 20;
/** In which caches fill up to their bounds, and code is compiled. */
const WARM_UP_MS = 15_000;
const SETTLED_MS = 6000;
const SLACK = 12;

async function run(arena: Arena): Promise<readonly Figure[]> {
  return [
    ...(await soakOn(arena, 'memory', {})),
    ...(await soakOn(arena, 'Redis', { REDIS_URL: (await arena.startRedis()).url })),
  ];
}

async function soakOn(arena: Arena, where: string, env: Record<string, string>): Promise<Figure[]> {
  const upstream = await arena.startUpstream();
  upstream.behaviour = inTurn(complete());
  const probe = withProbe(await arena.makeFolder());
  const target = await arena.startService({
    ...probe.options,
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), ...env, HISTORY_MAX_MESSAGES: '10', LOG_LEVEL: 'warn' },
  });
  const tenant = await ChatTenant.arrive(target.api, { ttlSeconds: 10 });
  const answered = { count: 0, others: 0 };
  const mix = async (ms: number): Promise<Innards> => {
    await Promise.all(
      Array.from({ length: CALLERS }, (_, index) => converse(arena, target.url, tenant, index, ms, answered)),
    );
    await delay(SETTLED_MS);
    return probe.look(target);
  };
  upstream.behaviour = (request, response) => pickBehaviour(request.index)(request, response);
  const warm = await mix(WARM_UP_MS);
  const middle = await mix((arena.soakMinutes * 60_000) / 2);
  const end = await mix((arena.soakMinutes * 60_000) / 2);
  return [
    exactly(
      `${where}: of ${answered.count} requests, answered with what has no place there`,
      answered.others,
      0,
    ),
    atMost(
      `${where}: heap after collection, grown since the middle of ${middle.heapMib.toFixed(0)} MiB`,
      end.heapMib - middle.heapMib,
      5,
      'MiB',
    ),
    atMost(
      `${where}: the event loop stood still for at most`,
      Math.max(middle.blockedMs, end.blockedMs),
      100,
      'ms',
    ),
    atMost(`${where}: handles, after the warm-up ${warm.handles}`, end.handles, warm.handles + SLACK),
  ];
}

const BEHAVIOURS = [
  complete(),
  complete(),
  complete(),
  drip(20),
  complete({ content: 'word '.repeat(500) }),
  half('reset'),
  refuse(429),
  drip(5),
];

function pickBehaviour(index: number) {
  return BEHAVIOURS[index % BEHAVIOURS.length] ?? complete();
}

/** What has a place in the answers: the model fails now and then, and its breaker opens. */
const EXPECTED = new Set([200, 400, 404, 409, 429, 502, 503]);

/** Plain turns, streams that are read and streams that are left, reading, mistakes. */
async function converse(
  arena: Arena,
  url: string,
  tenant: ChatTenant,
  caller: number,
  ms: number,
  answered: { count: number; others: number },
): Promise<void> {
  const until = performance.now() + ms;
  const count = (status: number) => {
    answered.count += 1;
    if (!EXPECTED.has(status)) answered.others += 1;
  };
  while (performance.now() < until) {
    const conversationId = `soak-${caller}-${arena.random.between(0, 20)}`;
    const kind = arena.random.between(0, 9);
    if (kind < 5) count((await tenant.chat({ conversationId })).status);
    else if (kind < 8) {
      const reader = await SseReader.open(`${url}/api/chat`, {
        headers: { 'x-api-key': tenant.apiKey },
        body: { characterId: tenant.characterId, message: 'Hello', conversationId, stream: true },
      });
      if (kind === 7) reader.leave();
      else await reader.rest();
      count(reader.status);
    } else if (kind === 8) count((await tenant.api.get(`/api/conversations/${conversationId}`)).status);
    else count((await tenant.api.post('/api/chat', '{"message":')).status);
    await delay(PAUSE_MS);
  }
}

export const soak: Family = {
  name: 'soak',
  about: 'mixed traffic for --minutes, with conversations in memory and on Redis: heap, handles, event loop',
  run,
};
