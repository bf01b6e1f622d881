import { inspect } from 'node:util';
import { expect } from 'chai';
import { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';
import { withoutArguments } from '#src/adapters/redis/connection/redis-failure.js';
import { parseRedisUrl } from '#src/infrastructure/config/redis-url.js';
import { createLogger } from '#src/infrastructure/create-logger.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

const CANARY = 'c4n4ry';

/** As ioredis writes one: the command with all its arguments. */
function failure(message: string): Error {
  return Object.assign(new Error(message), { command: { name: 'evalsha', args: [CANARY] } });
}

/** As the log has it. */
function logged(err: unknown): string {
  const lines: string[] = [];
  createLogger('info', { write: (line) => void lines.push(line) }).info({ err }, 'Redis is away');
  return lines.join('');
}

describe('a failure of Redis', () => {
  it('comes into the log without the arguments of its command', () => {
    const error = failure(`ERR unknown command 'X', with args beginning with: '${CANARY}'`);
    expect(logged(error)).to.contain(CANARY);
    const bare = withoutArguments(error);
    expect(bare.message).to.equal("ERR unknown command 'X'");
    expect(logged(bare)).not.to.contain(CANARY);
    expect(inspect(bare, { depth: 9 })).not.to.contain(CANARY);
  });

  it('is an error whatever was thrown, without its text', () => {
    expect(inspect(withoutArguments(CANARY))).not.to.contain(CANARY);
  });
});

describeWithRedis('RedisConnection', (redis) => {
  it('rejects and logs without the arguments of what failed', async () => {
    const settings = parseRedisUrl(redis().url);
    if (settings === null) return expect.fail('the address is not valid');
    const logger: string[] = [];
    const pino = createLogger('debug', { write: (line) => void logger.push(line) });
    const connection = await RedisConnection.open({ settings, logger: pino });
    const refused: unknown[] = [];
    const fail = (operation: Parameters<typeof connection.attempt>[0]) =>
      connection.attempt(operation).catch((error: unknown) => refused.push(error));
    await fail((client) => client.call('NOSUCH', CANARY));
    for (let times = 0; times < 3; times += 1) await fail(() => Promise.reject(failure('it broke')));
    await connection.close();
    expect(refused).to.have.length(4);
    expect(inspect(refused, { depth: 9 })).not.to.contain(CANARY);
    expect(logger.join('')).to.contain('Redis is away').and.not.to.contain(CANARY);
    return undefined;
  });
});
