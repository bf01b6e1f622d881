import { RedisScript } from '#src/adapters/redis/connection/redis-script.js';
import { SCHEMA } from './schema.js';

/** Returns character, turns, expiry, exchanges, greeting; or nothing. */
export const FIND_CONVERSATION = new RedisScript(`${SCHEMA}
local conversation = ARGV[1]
local meta = redis.call('HMGET', named('c', conversation), 'ch', 'n', 'exp', 'g')
if not meta[1] or tonumber(meta[3]) <= now then return false end
return { meta[1], meta[2], meta[3], redis.call('LRANGE', named('x', conversation), 0, -1), meta[4] or '' }
`);
