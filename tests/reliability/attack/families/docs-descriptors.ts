import { setTimeout as delay } from 'node:timers/promises';
import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { ask, statusOf } from '../raw-request.js';
import { SIX_ADDRESSES, Swarm } from '../swarm.js';
import { until } from '../until.js';

const BUNDLE = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n';
const PIPELINED = 100;
const MAX_OPEN_FILES = 1024;
const SLACK = 8;
/** docs/api/streaming.md: a caller that takes nothing of its answer is disconnected, at the latest after a minute. */
const UNREAD_MS = 62_000;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService({ maxOpenFiles: MAX_OPEN_FILES });
  await target.api.get('/docs/swagger-ui-bundle.js');
  const atRest = target.openFiles;
  for (let i = 0; i < 12; i += 1) {
    const connection = await RawConnection.open(target.url);
    connection.write(BUNDLE.repeat(PIPELINED));
    await delay(100);
    connection.destroy();
  }
  await until(() => target.openFiles <= atRest + SLACK, 5000);
  const afterClose = target.openFiles;
  const livez = await ask(target.url, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
  const figures = [
    atMost(`descriptors after 12 × ${PIPELINED} and a close, at rest ${atRest}`, afterClose, atRest + SLACK),
    exactly('/livez afterwards', statusOf(livez), 200),
    ...(await errorOfADocsFile(arena)),
  ];
  return arena.isQuick ? figures : [...figures, await cutsDeafReader(arena)];
}

/** A reader that takes nothing of answers that are not finished. */
async function cutsDeafReader(arena: Arena): Promise<Figure> {
  const target = await arena.startService();
  const atRest = target.openFiles;
  const deaf = await Swarm.release(target.url, {
    count: 10,
    addresses: SIX_ADDRESSES,
    say: () => BUNDLE.repeat(PIPELINED),
    isDeaf: true,
  });
  arena.onClose(async () => deaf.destroy());
  const ms = await until(() => target.openFiles <= atRest + 2, UNREAD_MS);
  return atMost('deaf readers cut after', ms / 1000, UNREAD_MS / 1000, 's');
}

/** What is answered when no file can be opened: an error must not claim the file's length, nor be kept by caches. */
async function errorOfADocsFile(arena: Arena): Promise<Figure[]> {
  const target = await arena.startService();
  const connection = await RawConnection.open(target.url);
  target.limitOpenFiles(target.openFiles + 2);
  const others = await Swarm.release(target.url, { count: 100, addresses: SIX_ADDRESSES });
  connection.write('GET /docs/favicon-32x32.png HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answer = await Promise.race([connection.nextAnswer(), connection.closed.then(() => null)]);
  others.destroy();
  connection.destroy();
  const isError = answer === null || answer.status >= 400;
  const isPublic = /public/.test(answer?.headers['cache-control'] ?? '');
  return [
    exactly('a docs file without a free descriptor is answered whole', answer !== null, true),
    exactly('an error of it is kept by caches', isError && isPublic, false),
  ];
}

export const docsDescriptors: Family = {
  name: 'docs-descriptors',
  about: 'pipelined files of /docs, broken off or never read',
  withoutProxy: true,
  run,
};
