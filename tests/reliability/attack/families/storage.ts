import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '#tests/support/fixtures/api-client.js';
import { NO_LIMITS } from '#tests/support/fixtures/test-app.js';
import type { Arena } from '../arena.js';
import { type Family, LeftOut } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import { until } from '../until.js';

const DISK = '3m';
const INSTRUCTIONS = 'x'.repeat(16_000);
const NOTICED_WITHIN_MS = 15_000;

/** A small disk at `./data`, in a namespace that ends with the process: the rest of its arguments is run in its place. */
const SMALL_DISK = [
  'unshare',
  '-m',
  'sh',
  '-c',
  `mkdir data && mount -t tmpfs -o size=${DISK} disk data && exec "$@"`,
  'sh',
];

async function run(arena: Arena): Promise<readonly Figure[]> {
  return [...(await anotherSecret(arena)), ...(await fullDisk(arena))];
}

/** A database whose keys and passwords nobody could check must not be served. */
async function anotherSecret(arena: Arena): Promise<Figure[]> {
  const folder = await arena.makeFolder();
  const first = await arena.startService({ folder });
  const owner = await first.api.signUp();
  await first.stop();
  const file = join(folder, 'data/fastwrap.db.secret');
  const secret = await readFile(file);
  await writeFile(file, randomBytes(32).toString('hex'));
  const start = await arena.startService({ folder }).then(
    () => 'it started',
    (error: Error) => error.message,
  );
  await writeFile(file, secret);
  const restored = await arena.startService({ folder });
  return [
    exactly(
      'another secret: the start says why, in one line',
      /^it ended with 1: FastWrap cannot start\. [^\n]+\n$/.test(start),
      true,
    ),
    exactly(
      'its own secret again: the key opens',
      (await restored.api.withKey(owner.apiKey).get('/api/clients/me')).status,
      200,
    ),
  ];
}

/** What is refused for want of room is refused as such; what was acknowledged stays; room makes it well again. */
async function fullDisk(arena: Arena): Promise<Figure[]> {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) throw new LeftOut('unshare -m is not allowed here');
  const target = await arena.startService({ env: NO_LIMITS, wrapper: SMALL_DISK });
  const owner = await target.api.signUp();
  const made: string[] = [];
  let refused = 0;
  while (refused === 0 && made.length < 1000) {
    const { status, body } = await owner.post('/api/characters', { name: 'Ada', instructions: INSTRUCTIONS });
    if (status === 201) made.push(body.id);
    else refused = status;
  }
  const noticedMs = await until(
    async () => (await target.api.get('/health')).body.status !== 'ok',
    NOTICED_WITHIN_MS,
  );
  const kept = await countKept(owner, made);
  return [
    exactly('a full disk: a character more', refused, 503),
    exactly('/health notices', Number.isFinite(noticedMs), true),
    exactly(`of ${made.length} acknowledged characters, kept`, kept, made.length),
    exactly('reading goes on', (await owner.get('/api/clients/me')).status, 200),
  ];
}

async function countKept(owner: ApiClient, ids: readonly string[]): Promise<number> {
  const answers = await Promise.all(ids.map((id) => owner.get(`/api/characters/${id}`)));
  return answers.filter(({ status }) => status === 200).length;
}

export const storage: Family = {
  name: 'storage',
  about: 'another secret beside the database, and a disk that is full',
  run,
};
