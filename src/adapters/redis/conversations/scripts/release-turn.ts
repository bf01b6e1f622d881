import { RedisScript } from '#src/adapters/redis/connection/redis-script.js';
import { SCHEMA } from './schema.js';

/**
 * Gives back whatever a token holds, and refuses it from then on: what was sent earlier may arrive later. Changes nothing
 * after a commit. Returns the token that waits next, if one does.
 */
export const RELEASE_TURN = new RedisScript(`${SCHEMA}
local token, conversation, character, idem = unpack(ARGV)
if redis.call('HGET', named('l', conversation), 't') == token then
  redis.call('DEL', named('l', conversation))
  expireInTime(conversation)
end
leaveQueue(conversation, token .. '|' .. character)
uncountTurn(token)
freeKey(idem, token)
-- Refused by a Redis that is full: then what matters has been done.
redis.pcall('SET', named('e', token), 'released', 'PX', ENDED, 'NX')
return nextInQueue(conversation)
`);
