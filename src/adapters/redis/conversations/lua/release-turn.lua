-- Gives back whatever a token holds, and refuses it from then on: what was sent earlier may arrive later. Changes nothing after
-- a commit.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 token  2 conversation  3 character  4 hash of the idempotency key, or ''
-- Reply  the token that waits next, if one does

-- include ../../connection/lua/now.lua
-- include keys.lua

local token, conversation, character, idem = unpack(ARGV)
if redis.call('HGET', named('l', conversation), 't') == token then
  redis.call('DEL', named('l', conversation))
  expireInTime(conversation)
end
leaveQueue(conversation, token .. '|' .. character)
uncountTurn(token)
freeKey(idem, token)
-- Refused by a Redis that is full: then what matters has been done.
redis.pcall('SET', named('e', token), 'released', 'PX', ENDED_MS, 'NX')
return nextInQueue(conversation)
