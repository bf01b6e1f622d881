-- Prolongs the right of a turn.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 token  2 conversation  3 hash of the idempotency key, or ''
-- Reply  nothing while the turn holds its right; else why it has not, which may be empty

-- include ../../connection/lua/now.lua
-- include keys.lua

local token, conversation, idem = unpack(ARGV)
local lease = redis.call('HMGET', named('l', conversation), 't', 'ch', 'cc')
if lease[1] ~= token then return redis.call('GET', named('e', token)) or '' end
-- First, because a full Redis refuses nothing behind it: what is held goes on being held.
redis.call('PEXPIRE', named('l', conversation), LEASE_MS)
countTurn(token)
if idem ~= '' and redis.call('HGET', named('r', idem), 't') == token then
  redis.call('PEXPIRE', named('r', idem), LEASE_MS)
end
keepShown(conversation)
indexed(lease[2], conversation, now + LEASE_MS)
if lease[3] ~= lease[2] then indexed(lease[3], conversation, now + LEASE_MS) end
return false
