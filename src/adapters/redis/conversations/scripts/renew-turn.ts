import { RedisScript } from '#src/adapters/redis/connection/redis-script.js';
import { SCHEMA } from './schema.js';

/** Returns nothing while the turn holds its right; else why it has not, which may be empty. */
export const RENEW_TURN = new RedisScript(`${SCHEMA}
local token, conversation, idem = unpack(ARGV)
local lease = redis.call('HMGET', named('l', conversation), 't', 'ch', 'cc')
if lease[1] ~= token then return redis.call('GET', named('e', token)) or '' end
-- First, because a full Redis refuses nothing behind it: what is held goes on being held.
redis.call('PEXPIRE', named('l', conversation), LEASE)
countTurn(token)
if idem ~= '' and redis.call('HGET', named('r', idem), 't') == token then
  redis.call('PEXPIRE', named('r', idem), LEASE)
end
keepShown(conversation)
indexed(lease[2], conversation, now + LEASE)
if lease[3] ~= lease[2] then indexed(lease[3], conversation, now + LEASE) end
return false
`);
