import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { SIX_ADDRESSES, Swarm } from '../swarm.js';
import type { Target } from '../target.js';

const DOCUMENT = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n';
const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
const CONNECTIONS = 10;
const UNREAD = 2900;

async function run(arena: Arena): Promise<readonly Figure[]> {
  return [
    ...(await unread(arena, SIX_ADDRESSES.slice(0, 1), 'one address', 64)),
    ...(await unread(arena, SIX_ADDRESSES, 'six addresses', 192)),
    ...(await starve(arena)),
  ];
}

/** Answers that nobody reads. */
async function unread(
  arena: Arena,
  addresses: readonly string[],
  where: string,
  maxMib: number,
): Promise<Figure[]> {
  const target = await arena.startService();
  const atRest = await warmMemory(target);
  const swarm = await Swarm.release(target.url, {
    count: CONNECTIONS * addresses.length,
    addresses,
    say: () => DOCUMENT.repeat(UNREAD / CONNECTIONS),
    isDeaf: true,
  });
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 50 });
  let peak = 0;
  for (let i = 0; i < 40; i += 1) {
    await delay(100);
    peak = Math.max(peak, target.memoryMib);
  }
  const others = await caller.stop();
  swarm.destroy();
  await delay(3000);
  const after = target.memoryMib;
  await target.kill();
  return [
    atMost(
      `${UNREAD} unread /openapi.json from ${where}: memory more than at rest`,
      peak - atRest,
      maxMib,
      'MiB',
    ),
    atMost(`${where}: memory afterwards, more than at rest`, after - atRest, maxMib, 'MiB'),
    atMost(`${where}: others, p99`, others.p99Ms, 100, 'ms'),
    exactly(`${where}: others failed`, others.failures, '{}'),
  ];
}

/** So much work at once that nobody else's is done. */
async function starve(arena: Arena): Promise<Figure[]> {
  const target = await arena.startService();
  // The first calls of a process cost many times what later ones do: that is no matter of turns.
  for (let i = 0; i < 300; i += 1) await target.api.get('/livez');
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 50 });
  await caller.hasBegun();
  const swarm = await Swarm.release(target.url, {
    count: 30,
    addresses: SIX_ADDRESSES.slice(0, 1),
    say: () => LIVEZ.repeat(arena.quick(2000, 20_000)),
  });
  await delay(arena.quick(3000, 10_000));
  const others = await caller.stop();
  swarm.destroy();
  return [
    atMost('30 connections with 20,000 /livez each: others, p99', others.p99Ms, 100, 'ms'),
    exactly('30 connections with 20,000 /livez each: others failed', others.failures, '{}'),
  ];
}

/** What it takes once it has answered for a while. */
async function warmMemory(target: Target): Promise<number> {
  for (let i = 0; i < 200; i += 1) await target.api.get('/openapi.json');
  return target.memoryMib;
}

export const pipelining: Family = {
  name: 'pipelining',
  about: '2,900 answers that nobody reads on few connections, and 600,000 requests on 30',
  withoutProxy: true,
  run,
};
