import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import { countStatuses } from '../account.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import { type Family, LeftOut } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { until } from '../until.js';

/** Not `-shm`, which SQLite maps into memory: where that cannot be written the system ends whoever tries (SIGBUS). */
const FILES = ['data/fastwrap.db', 'data/fastwrap.db-wal'];
const SECRET = 'data/fastwrap.db.secret';
const NOTICED_WITHIN_MS = 15_000;
const WELL_AGAIN_MS = 2000;
const ATTEMPTS = 5;

/** Such a file takes no write any more, neither root's nor one through an open descriptor. */
function makeImmutable(folder: string, isImmutable: boolean): boolean {
  const files = FILES.map((file) => join(folder, file));
  return spawnSync('chattr', [isImmutable ? '+i' : '-i', ...files]).status === 0;
}

async function run(arena: Arena): Promise<readonly Figure[]> {
  return [...(await readOnly(arena)), ...(await secretReplaced(arena))];
}

async function readOnly(arena: Arena): Promise<Figure[]> {
  const folder = await arena.makeFolder();
  const target = await arena.startService({ folder, env: NO_LIMITS });
  const tenant = await ChatTenant.arrive(target.api);
  const make = () => tenant.api.post('/api/characters', { name: 'Ada', instructions: 'Be kind.' });
  const made = [(await make()).body.id];
  arena.onClose(async () => makeImmutable(folder, false));
  if (!makeImmutable(folder, true)) throw new LeftOut('chattr +i is not allowed here');
  const refused = [];
  for (let i = 0; i < ATTEMPTS; i += 1) refused.push(await make());
  const noticedMs = await until(
    async () => (await target.api.get('/health')).status === 503,
    NOTICED_WITHIN_MS,
  );
  const reading = [
    (await tenant.api.get('/api/clients/me')).status,
    (await tenant.api.get(`/api/characters/${made[0]}`)).status,
    (await tenant.chat()).status,
  ];
  makeImmutable(folder, false);
  const wellAgainMs = await until(async () => {
    const { status, body } = await make();
    if (status === 201) made.push(body.id);
    return status === 201;
  }, 2 * WELL_AGAIN_MS);
  const healthMs = await until(
    async () => (await target.api.get('/health')).status === 200,
    NOTICED_WITHIN_MS,
  );
  const { body } = await tenant.api.get('/api/characters');
  return [
    exactly('files read-only: a character more', countStatuses(refused), { 503: ATTEMPTS }),
    exactly(
      '/health notices, and again when they are not',
      [noticedMs, healthMs].every(Number.isFinite),
      true,
    ),
    exactly('an account, a character and a turn meanwhile', reading, [200, 200, 200]),
    atMost('writable again: a character after', wellAgainMs, WELL_AGAIN_MS, 'ms'),
    // The tenant's own is one of them.
    exactly('characters kept: the acknowledged ones alone', body.data?.length, made.length + 1),
  ];
}

/** A service that runs has its secret; the next start sees that it is another. */
async function secretReplaced(arena: Arena): Promise<Figure[]> {
  const folder = await arena.makeFolder();
  const target = await arena.startService({ folder, env: NO_LIMITS });
  const owner = await target.api.signUp();
  const file = join(folder, SECRET);
  const secret = await readFile(file);
  await writeFile(file, randomBytes(32).toString('hex'));
  const minted = await owner.post('/api/clients/me/keys', {});
  const withMinted = await owner.withKey(minted.body.apiKey).get('/api/clients/me');
  await target.stop();
  const start = await arena.startService({ folder }).then(
    () => 'it started',
    (error: Error) => error.message,
  );
  await writeFile(file, secret);
  const again = await arena.startService({ folder, env: NO_LIMITS });
  return [
    exactly(
      'the secret replaced while it runs: a key is minted, and works',
      [minted.status, withMinted.status],
      [201, 200],
    ),
    exactly(
      'the next start says why not, in one line',
      /^it ended with 1: FastWrap cannot start\. [^\n]+\n$/.test(start),
      true,
    ),
    exactly(
      'with the first secret again: what was minted meanwhile opens',
      (await again.api.withKey(minted.body.apiKey).get('/api/clients/me')).status,
      200,
    ),
  ];
}

export const lockedFiles: Family = {
  name: 'locked-files',
  about: 'the database becomes read-only while it runs, and the secret beside it is replaced',
  run,
};
