-- Reads a conversation.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 conversation
-- Reply  character, turns, expiry, exchanges, greeting; nothing when there is none

-- include ../../connection/lua/now.lua
-- include keys.lua

local conversation = ARGV[1]
local meta = redis.call('HMGET', named('c', conversation), 'ch', 'n', 'exp', 'g')
if not meta[1] or tonumber(meta[3]) <= now then return false end
return { meta[1], meta[2], meta[3], redis.call('LRANGE', named('x', conversation), 0, -1), meta[4] or '' }
