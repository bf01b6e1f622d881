import { gzipSync } from 'node:zlib';
import type { Arena } from '../arena.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import { answersTo } from '../raw-request.js';

const SECOND = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (...headers: string[]) =>
  `POST /auth/keys HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
const get = (target: string, ...headers: string[]) =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;

/** What two readers may take for different requests: the first is refused, and nothing behind it is read as another. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'length and chunks': `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${SECOND}`,
  'chunks and length': `${post('Transfer-Encoding: chunked', `Content-Length: ${5 + SECOND.length}`)}0\r\n\r\n${SECOND}`,
  'two lengths': `${post('Content-Length: 0', `Content-Length: ${SECOND.length}`)}${SECOND}`,
  'a list of lengths': `${post(`Content-Length: 0, ${SECOND.length}`)}${SECOND}`,
  'a length with a sign': `${post('Content-Length: +0')}${SECOND}`,
  'a length in hexadecimal': `${post('Content-Length: 0x10')}${SECOND}`,
  'chunked twice': `${post('Transfer-Encoding: chunked, chunked')}0\r\n\r\n${SECOND}`,
  'chunked, not at last': `${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n${SECOND}`,
  'an unknown coding': `${post('Transfer-Encoding: xchunked')}0\r\n\r\n${SECOND}`,
  'a folded header': `${post('Transfer-Encoding:', ' chunked')}0\r\n\r\n${SECOND}`,
  'a blank before the colon': `${post('Transfer-Encoding : chunked')}0\r\n\r\n${SECOND}`,
  'a bare line feed': post('Content-Length: 0\nX: y').concat(SECOND),
  'a chunk length beyond all numbers': `${post('Transfer-Encoding: chunked')}FFFFFFFFFFFFFFFFF\r\n`,
  'a chunk length with a sign': `${post('Transfer-Encoding: chunked')}-1\r\n`,
  'a chunk extension of 100 kB': `${post('Transfer-Encoding: chunked')}1;${'x'.repeat(100_000)}\r\na\r\n0\r\n\r\n`,
  'a NUL in a header': `${get('/livez', 'X: a\0b')}`,
};

/** Addresses that lead nowhere else than they say. */
const ADDRESSES: Readonly<Record<string, readonly [request: string, status: number]>> = {
  'absolute form': [get('http://elsewhere.example/livez'), 200],
  'absolute form of what needs a key': [get('http://elsewhere.example/api/clients/me'), 401],
  'an encoded slash': [get('/api%2fclients/me'), 404],
  'an encoded letter of what needs a key': [get('/%61pi/clients/me'), 404],
  'dots out of the docs': [get('/docs/../api/clients/me'), 404],
  'encoded dots out of the docs': [get('/docs/%2e%2e/%2e%2e/package.json'), 404],
  'an encoded NUL': [get('/docs/%00'), 404],
  'half an encoding': [get('/api/%f'), 404],
  'an upgrade to WebSocket': [get('/livez', 'Connection: Upgrade', 'Upgrade: websocket'), 200],
  'an upgrade to HTTP/2': [
    get('/livez', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA'),
    200,
  ],
  'an expectation that is none': [get('/livez', 'Expect: 200-ok'), 200],
};

async function run(arena: Arena): Promise<readonly Figure[]> {
  const target = await arena.startService();
  const wrong: string[] = [];
  for (const [name, request] of Object.entries(AMBIGUOUS)) {
    const statuses = await answersTo(target.url, request);
    if (statuses.length > 1 || statuses.some((status) => status < 400 || status >= 500)) {
      wrong.push(`${name}: ${statuses.join(', ')}`);
    }
  }
  for (const [name, [request, expected]] of Object.entries(ADDRESSES)) {
    const statuses = await answersTo(target.url, request);
    if (statuses.join() !== String(expected)) wrong.push(`${name}: ${statuses.join(', ')}`);
  }
  const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const bomb = await target.api.post(
    '/auth/keys',
    new Uint8Array(gzipSync(Buffer.alloc(50_000_000, ' '))),
    gzip,
  );
  const broken = await target.api.post('/auth/keys', new Uint8Array([31, 139, 8, 0, 1, 2, 3]), gzip);
  return [
    exactly(
      `of ${Object.keys({ ...AMBIGUOUS, ...ADDRESSES }).length} odd requests, answered otherwise`,
      wrong,
      [],
    ),
    exactly('50 MB of blanks, gzipped', bomb.status, 413),
    exactly('gzip that is broken', broken.status, 400),
    exactly('/livez afterwards', (await target.api.get('/livez')).status, 200),
  ];
}

export const smuggling: Family = {
  name: 'smuggling',
  about: 'requests that two readers take for different ones, odd addresses, upgrades, zipped bombs',
  withoutProxy: true,
  run,
};
