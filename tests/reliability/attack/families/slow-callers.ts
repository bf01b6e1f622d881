import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { SIX_ADDRESSES, Swarm } from '../swarm.js';
import { until } from '../until.js';

const CALLERS = 1010;
const MAX_OPEN_FILES = 1024;
const BACK_WITHIN_MS = 35_000;
/** What the honest caller's own connections may add at the moment of a look. */
const SLACK = 8;

const POST = 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
/** What they say at first: headers without an end, a body without an end, nothing, an upload without an end. */
const BEGINNINGS = [
  'GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ',
  `${POST}Content-Length: 1000\r\n\r\n{"email":"`,
  '',
  `${POST}Transfer-Encoding: chunked\r\n\r\n`,
];
/** And each second after that. */
const DRIPS = ['a', 'a', '', '1\r\na\r\n'];

function slowOnes(addresses: readonly string[]) {
  return {
    count: CALLERS,
    addresses,
    say: (index: number) => BEGINNINGS[index % BEGINNINGS.length] ?? '',
    drip: { everyMs: 1000, text: (index: number) => DRIPS[index % DRIPS.length] ?? '' },
  };
}

async function attackFrom(arena: Arena, addresses: readonly string[], where: string): Promise<Figure[]> {
  const target = await arena.startService({ maxOpenFiles: MAX_OPEN_FILES });
  const atRest = target.openFiles;
  const swarm = await Swarm.release(target.url, slowOnes(addresses));
  arena.onClose(async () => swarm.destroy());
  const releasedAt = performance.now();
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 100 });
  await delay(arena.quick(4000, 25_000));
  const others = await caller.stop();
  const leftMs = BACK_WITHIN_MS - (performance.now() - releasedAt);
  await until(() => target.openFiles <= atRest + SLACK, leftMs);
  const figures = [
    atMost(`${where}: others, p99`, others.p99Ms, 100, 'ms'),
    exactly(`${where}: others failed`, others.failures, '{}'),
    atMost(`${where}: descriptors after 35 s, at rest ${atRest}`, target.openFiles, atRest + SLACK),
  ];
  swarm.destroy();
  await target.kill();
  return figures;
}

async function run(arena: Arena): Promise<readonly Figure[]> {
  return [
    ...(await attackFrom(arena, SIX_ADDRESSES.slice(0, 1), 'one address')),
    ...(await attackFrom(arena, SIX_ADDRESSES, 'six addresses')),
  ];
}

export const slowCallers: Family = {
  name: 'slow-callers',
  about:
    '1,010 callers who never finish headers or bodies, say nothing, or upload for ever; 1,024 descriptors',
  run,
};
