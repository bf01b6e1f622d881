-- Turns what a reservation holds into what its turn has spent. A hash that is gone is not begun: the next reservation begins it
-- with what was recorded.
--
-- KEYS   1 the hash of the client's day
-- ARGV   1 id  2 tokens  3 spent  4 '1' when it has been tried before: what was neither held nor given back by then was settled
-- Reply  nothing
local key, field = KEYS[1], 'r:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return end
if redis.call('HDEL', key, field) == 1 then
  redis.call('HINCRBY', key, 'held', '-' .. ARGV[2])
elseif redis.call('HDEL', key, 'g:' .. ARGV[1]) == 0 and ARGV[4] == '1' then
  return
end
redis.call('HINCRBY', key, 'spent', ARGV[3])
