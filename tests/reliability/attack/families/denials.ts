import { RawConnection } from '#tests/support/fixtures/raw-connection.js';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { atMost, exactly, type Figure } from '../figure.js';
import { ask, statusOf } from '../raw-request.js';

const POST = 'POST /auth/keys HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const OVER_LONG = 'Content-Length: 10000000\r\n';
/** After so much nobody can believe any more in an end. */
const ENDLESS = 40_000_000;
const CHUNK = `4000\r\n${'a'.repeat(0x4000)}\r\n`;

async function run(arena: Arena): Promise<readonly Figure[]> {
  const { url, api } = await arena.startService();
  const address = await ask(url, 'GET http://[::1/x HTTP/1.1\r\nHost: a\r\n\r\n');
  const hosts = await ask(url, 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  const expecting = await ask(url, `${POST}${OVER_LONG}Expect: 100-continue\r\n\r\n`);
  const refusedAtLength = await ask(url, `${POST}${OVER_LONG}\r\n`);
  const owner = await api.signUp();
  const characterId = await owner.createCharacter();
  const repeated = `{"characterId":"${characterId}","message":"a","m\\u0065ssage":"b"}`;
  return [
    exactly('an address that is none', statusOf(address), 400),
    exactly('it has a request id', address?.headers['x-request-id'] !== undefined, true),
    exactly('it is a problem', address?.headers['content-type'], 'application/problem+json'),
    exactly('two Host headers', statusOf(hosts), 400),
    exactly('10 MB with Expect: 100-continue', statusOf(expecting), 413),
    exactly('10 MB announced, nothing sent', statusOf(refusedAtLength), 413),
    atMost(
      'taken of an endless body, buffers of the kernel included',
      (await socketProgress(url)) / 1_048_576,
      16,
      'MiB',
    ),
    exactly('a field named again as m\\u0065ssage', (await owner.post('/api/chat', repeated)).status, 400),
  ];
}

/** How much of an upload without an end is taken before the connection is over. */
async function socketProgress(url: string): Promise<number> {
  const connection = await RawConnection.open(url);
  connection.write(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
  let bytes = 0;
  while (bytes < ENDLESS && (await connection.written(CHUNK))) bytes += CHUNK.length;
  connection.destroy();
  return bytes;
}

export const denials: Family = {
  name: 'refusals',
  about: 'addresses that are none, two hosts, over-long bodies with and without Expect, a field named twice',
  withoutProxy: true,
  run,
};
