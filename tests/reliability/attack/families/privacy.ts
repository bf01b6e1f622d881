import { Redis } from 'ioredis';
import { complete } from '#tests/support/fakes/fake-openai.js';
import { makeCanary } from '#tests/support/fixtures/canaries.js';
import type { Arena } from '../arena.js';
import { ChatTenant } from '../chat-tenant.js';
import { readDatabaseFiles, traces } from '../database-files.js';
import type { Family } from '../family.js';
import { exactly, type Figure } from '../figure.js';
import { upstreamEnv } from '../target.js';
import { until } from '../until.js';

const SOON_MS = 15_000;
const LEVELS = ['debug', 'info', 'warn', 'error'];

/** Nobody's words stand in a log, at any level, nor anywhere once their account has gone. */
async function run(arena: Arena): Promise<readonly Figure[]> {
  const upstream = await arena.startUpstream();
  const server = await arena.startRedis();
  const redis = new Redis(server.url);
  arena.onClose(async () => redis.disconnect());
  const figures: Figure[] = [];
  for (const level of LEVELS) {
    const words = {
      email: makeCanary(),
      password: makeCanary(),
      instructions: makeCanary(),
      message: makeCanary(),
      reply: makeCanary(),
    };
    upstream.behaviour = complete({ content: `I repeat ${words.reply}.` });
    const env = { ...upstreamEnv(upstream), REDIS_URL: server.url, LOG_LEVEL: level };
    const target = await arena.startService({ env });
    const email = `${words.email}@example.com`;
    const { body } = await target.api.post('/auth/signup', { email, password: words.password });
    const tenant = await ChatTenant.settle(target.api.withKey(body.apiKey), {
      instructions: words.instructions,
    });
    for (const stream of [false, true])
      await tenant.chat({ message: words.message, conversationId: 'private', stream });
    await tenant.api.post('/auth/keys', { email, password: `not ${words.password}` });
    await tenant.api.post('/api/chat', `{"message":"${words.message}`);
    const secrets = { ...words, key: secretOf(body.apiKey) };
    const before = traces(Buffer.concat([await dumpOf(redis), readDatabaseFiles(target.folder)]), secrets);
    await tenant.api.delete('/api/clients/me');
    const left = async () =>
      traces(Buffer.concat([await dumpOf(redis), readDatabaseFiles(target.folder)]), secrets);
    await until(async () => (await left()).length === 0, SOON_MS);
    const afterwards = await left();
    await target.stop();
    const log = Buffer.from(target.server.stdout + target.server.stderr);
    figures.push(
      exactly(`${level}: stored while the account is there (the search finds)`, before, [
        'email',
        'instructions',
        'message',
        'reply',
      ]),
      exactly(`${level}: in the log`, traces(log, secrets), []),
      exactly(
        `${level}: in Redis and the database's files ${SOON_MS / 1000} s after the deletion`,
        afterwards,
        [],
      ),
    );
  }
  return figures;
}

/** What follows the key's id. */
function secretOf(apiKey: string): string {
  return apiKey.split('_').at(-1) ?? apiKey;
}

/** All keys and values, as Redis would hand them to anybody. */
async function dumpOf(redis: Redis): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const key of await redis.keys('*')) {
    parts.push(Buffer.from(key));
    parts.push(Buffer.from(JSON.stringify(await readValue(redis, key))));
  }
  return Buffer.concat(parts);
}

/** @throws Error for a kind that it cannot search: nothing is passed over. */
async function readValue(redis: Redis, key: string): Promise<unknown> {
  const kind = await redis.type(key);
  if (kind === 'none') return null;
  if (kind === 'string') return redis.get(key);
  if (kind === 'hash') return redis.hgetall(key);
  if (kind === 'list') return redis.lrange(key, 0, -1);
  if (kind === 'zset') return redis.zrange(key, '0', '-1');
  if (kind === 'set') return redis.smembers(key);
  throw new Error(`a ${kind} in Redis is not searched`);
}

export const privacy: Family = {
  name: 'privacy',
  about: 'message, reply, instructions, email, password and key, searched for in logs, Redis and files',
  run,
};
