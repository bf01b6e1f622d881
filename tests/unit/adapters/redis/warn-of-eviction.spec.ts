import { expect } from 'chai';
import { warnOfEviction } from '#src/adapters/redis/connection/warn-of-eviction.js';
import { RedisCacheFixture } from '#tests/support/fixtures/redis-cache-fixture.js';
import { type LogLine, recordingLogger } from '#tests/support/fixtures/test-app.js';
import { describeWithRedis } from '#tests/support/processes/with-redis.js';

describeWithRedis('warnOfEviction', (redis) => {
  for (const [maxmemory, policy, warnings] of [
    ['100mb', 'allkeys-lru', 1],
    ['100mb', 'volatile-ttl', 1],
    ['100mb', 'noeviction', 0],
    ['0', 'allkeys-lru', 0],
  ] as const) {
    it(`says ${warnings === 0 ? 'nothing' : 'so'} at ${maxmemory} with ${policy}`, async () => {
      const fixture = await RedisCacheFixture.start(redis());
      const { client } = fixture.connection;
      await client.config('SET', 'maxmemory', maxmemory, 'maxmemory-policy', policy);
      const lines: LogLine[] = [];
      await warnOfEviction(fixture.connection, recordingLogger(lines));
      expect(lines).to.have.length(warnings);
      if (warnings > 0) expect(lines[0]).to.deep.include({ level: 'warn', fields: { policy } });
      await fixture.stop();
    });
  }
});
