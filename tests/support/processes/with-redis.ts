import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'mocha';
import { readConfig } from '#src/infrastructure/config/read-config.js';
import { RedisServer } from './redis-server.js';

/** A Redis for tests, and how to get at it. */
export type RedisUnderTest = Pick<RedisServer, 'url' | 'connection'>;

const REMEDY =
  'put redis-server on PATH (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)';

const hasBinary = spawnSync('redis-server', ['--version']).status === 0;

/** Whatever is asked of CI is asked in full; at home a test that cannot run says so, loudly, and is left out. */
function leaveOut(title: string, remedy: string): void {
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('has a Redis', () => {
        throw new Error(`there is no Redis for this: ${remedy}`);
      });
    });
  } else process.stderr.write(`\n*** LEFT OUT, for want of a Redis: ${title}\n*** To run it, ${remedy}.\n\n`);
}

/** A `describe` with a private server, which its tests may freeze and kill. */
export function describeWithRedis(title: string, tests: (redis: () => RedisServer) => void): void {
  if (!hasBinary) {
    leaveOut(title, REMEDY);
    return;
  }
  describe(title, () => {
    let server: RedisServer | undefined;
    before(async () => {
      server = await RedisServer.start();
    });
    after(() => server?.stop());
    tests(() => server ?? expectStarted());
  });
}

/**
 * The same for tests that only speak with it: they are content with the server of `TEST_REDIS_URL`, and empty it.
 * `server` is null then.
 */
export function describeOnAnyRedis(
  title: string,
  tests: (redis: () => RedisUnderTest, server: (() => RedisServer) | null) => void,
): void {
  const { TEST_REDIS_URL } = process.env;
  if (hasBinary) describeWithRedis(title, (server) => tests(server, server));
  else if (TEST_REDIS_URL === undefined) {
    leaveOut(title, `set TEST_REDIS_URL to a server that may be emptied, or ${REMEDY}`);
  } else {
    const connection = readConfig({ REDIS_URL: TEST_REDIS_URL }).redis;
    if (connection === null) throw new Error('TEST_REDIS_URL says nothing');
    describe(title, () => tests(() => ({ url: TEST_REDIS_URL, connection }), null));
  }
}

function expectStarted(): never {
  throw new Error('the server runs inside of tests and hooks only');
}
