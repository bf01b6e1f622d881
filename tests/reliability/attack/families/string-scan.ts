import { gzipSync } from 'node:zlib';
import type { ApiClient } from '#tests/support/fixtures/api-client.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';

const BODY_BYTES = 65_536;
const TRIES = 3;
const MAX_MS = 20;
const AT_ONCE = 5;

/** Each is most expensive for some way to look for the end of a string. */
const BODIES: Readonly<Record<string, string>> = {
  quotes: '"'.repeat(BODY_BYTES),
  'escaped quotes': `"${'\\"'.repeat(BODY_BYTES / 2 - 1)}`,
  'quotes, escaped quotes': '"\\"'.repeat(BODY_BYTES / 3),
  backslashes: `"${'\\'.repeat(BODY_BYTES - 1)}`,
  'escaped quotes, a backslash': `"${'\\"'.repeat(BODY_BYTES / 2 - 1)}\\`,
  braces: '{"'.repeat(BODY_BYTES / 2),
  digits: '1'.repeat(BODY_BYTES),
  blanks: ' '.repeat(BODY_BYTES),
};

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService({ env: NO_LIMITS });
  const owner = await target.api.signUp();
  const doors = [
    { api: target.api, path: '/auth/keys' },
    { api: target.api, path: '/auth/signup' },
    { api: owner, path: '/api/characters' },
    { api: owner, path: '/api/chat' },
  ];
  const worst = { ms: 0, what: '' };
  const statuses = new Set<number>();
  for (const { api, path } of doors) {
    for (const [name, body] of Object.entries(BODIES)) {
      for (const isZipped of [false, true]) {
        const ms = await best(api, path, body, isZipped, statuses);
        if (ms > worst.ms)
          Object.assign(worst, { ms, what: `${path}, ${name}${isZipped ? ', gzipped' : ''}` });
      }
    }
  }
  const caller = arena.startCaller({ url: `${target.url}/livez`, everyMs: 20 });
  await caller.hasBegun();
  const body = BODIES['quotes, escaped quotes'] ?? '';
  await Promise.all(Array.from({ length: AT_ONCE }, () => send(target.api, '/auth/keys', body, true)));
  const meanwhile = await caller.stop();
  return [
    atMost(`worst of 64 KiB (${worst.what}), best of ${TRIES}`, worst.ms, MAX_MS, 'ms'),
    exactly('statuses', [...statuses].sort(), [400, 413]),
    atMost(`/livez beside ${AT_ONCE} of them, worst`, meanwhile.worstMs, 100, 'ms'),
    exactly('/livez failed', meanwhile.failures, '{}'),
  ];
}

async function best(
  api: ApiClient,
  path: string,
  body: string,
  isZipped: boolean,
  statuses: Set<number>,
): Promise<number> {
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && ms > MAX_MS; i += 1) {
    const startedAt = performance.now();
    statuses.add(await send(api, path, body, isZipped));
    ms = Math.min(ms, performance.now() - startedAt);
  }
  return ms;
}

async function send(api: ApiClient, path: string, body: string, isZipped: boolean): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(isZipped && { 'content-encoding': 'gzip' }) };
  const { status } = await api.post(path, isZipped ? new Uint8Array(gzipSync(body)) : body, headers);
  return status;
}

export const stringScan: Family = {
  name: 'string-scan',
  about: '64 KiB bodies that are dear to scan, plain and gzipped, to every door',
  run,
};
