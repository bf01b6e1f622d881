-- Reads what is spent and held.
--
-- KEYS   1 the hash of the client's day
-- ARGV   none
-- Reply  spent, held; nothing when there is no hash

-- include ../../connection/lua/now.lua
-- include sweep.lua

local known = redis.call('HMGET', KEYS[1], 'spent', 'held', 'sweep')
if not known[1] then return {} end
return {tonumber(known[1]), sweep(KEYS[1], tonumber(known[2] or 0), tonumber(known[3] or 0))}
