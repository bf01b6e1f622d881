import type { RedisConnection } from '#src/adapters/redis/connection/redis-connection.js';

/** Moves everything in Redis that expires nearer to its end. */
const HURRY = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then
    if left > tonumber(ARGV[1]) then redis.call('PEXPIRE', key, left - ARGV[1]) else redis.call('DEL', key) end
  end
end`;

export async function advanceRedis({ client }: Pick<RedisConnection, 'client'>, ms: number): Promise<void> {
  await client.eval(HURRY, 0, Math.round(ms));
}
