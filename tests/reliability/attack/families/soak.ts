import { setTimeout as delay } from 'node:timers/promises';
import { complete, drip, half, inTurn, refuse } from '#tests/support/fakes/fake-openai.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import { Control } from '../control.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { type Innards, withProbe } from '../probe.js';
import { SoakTraffic } from '../soak-traffic.js';
import { lengthMs, ownStalls, type Stall, worstMs } from '../stalls.js';
import { upstreamEnv } from '../target.js';

/** In which caches fill up to their bounds, and code is compiled. */
const WARM_UP_MS = 15_000;
const SETTLED_MS = 6000;
/** Looks after the warm-up; heap is compared from the second on. */
const LEGS = 6;
const SLACK = 12;
const MAX_STALL_MS = 100;
/** What the fake keeps of its requests is let go beyond. */
const REQUESTS_KEPT = 1000;

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

/** Both at once: they share the machine, and each has the whole time. */
async function run(arena: Arena): Promise<readonly Figure[]> {
  const redis = await arena.startRedis();
  const soaks = [await prepare(arena, 'memory', {}), await prepare(arena, 'Redis', { REDIS_URL: redis.url })];
  const figures = await Promise.all(soaks.map((soakAll) => soakAll()));
  return figures.flat();
}

async function prepare(arena: Arena, where: string, env: Record<string, string>) {
  const upstream = await arena.startUpstream();
  upstream.behaviour = inTurn(complete());
  const probe = withProbe(await arena.makeFolder());
  const target = await arena.startService({
    ...probe.options,
    wrapper: arena.priority,
    env: { ...NO_LIMITS, ...upstreamEnv(upstream), ...env, HISTORY_MAX_MESSAGES: '10', LOG_LEVEL: 'warn' },
  });
  const tenant = await ChatTenant.arrive(target.api, { ttlSeconds: 10 });
  const control = await Control.start(arena);
  const traffic = new SoakTraffic(target.url, tenant, arena.random);
  upstream.behaviour = (request, response) => {
    if (upstream.requests.length > REQUESTS_KEPT) upstream.requests.length = 0;
    return (BEHAVIOURS[request.index % BEHAVIOURS.length] ?? complete())(request, response);
  };
  const leg = async (ms: number): Promise<Innards> => {
    await traffic.run(ms);
    await delay(SETTLED_MS);
    return probe.look(target.server);
  };
  return async (): Promise<Figure[]> => {
    const warm = await leg(WARM_UP_MS);
    await control.look();
    const legs: Innards[] = [];
    while (legs.length < LEGS) legs.push(await leg((arena.soakMinutes * 60_000) / LEGS));
    return judge(where, traffic, warm, legs, await control.look());
  };
}

function judge(
  where: string,
  traffic: SoakTraffic,
  warm: Innards,
  legs: readonly Innards[],
  control: readonly Stall[],
): Figure[] {
  const heaps = legs.map(({ heapMib }) => heapMib.toFixed(1)).join(' ');
  const [, second = warm, ...later] = legs;
  const stalls = legs.flatMap((innards) => innards.stalls);
  const own = ownStalls(stalls, control);
  const worst = own.toSorted((a, b) => lengthMs(b) - lengthMs(a))[0];
  return [
    exactly(
      `${where}: of ${traffic.count} requests, answered with what has no place there`,
      traffic.others,
      {},
    ),
    atMost(
      `${where}: heap after collection, ${heaps} MiB: most above the second`,
      Math.max(...later.map(({ heapMib }) => heapMib)) - second.heapMib,
      5,
      'MiB',
    ),
    atMost(
      `${where}: the event loop stood still by itself (processor time in it: ${(worst?.cpuMs ?? 0).toFixed(0)} ms; with the machine's stalls ${worstMs(stalls).toFixed(0)} ms, idle processes ${worstMs(control).toFixed(0)} ms)`,
      worstMs(own),
      MAX_STALL_MS,
      'ms',
    ),
    atMost(
      `${where}: handles, after the warm-up ${warm.handles}`,
      legs.at(-1)?.handles ?? Number.NaN,
      warm.handles + SLACK,
    ),
  ];
}

export const soak: Family = {
  name: 'soak',
  about:
    'mixed traffic for --minutes, with conversations in memory and on Redis at once: heap, handles, event loop beside that of an idle process',
  run,
};
