-- Holds tokens for a turn.
--
-- KEYS   1 the hash of the client's day
-- ARGV   1 id  2 tokens  3 limit  4 lease in milliseconds  5 lifetime of the hash in milliseconds
--        6 spent so far, or '': not known  7… the id and tokens of each reservation that is known to be held, for a hash that begins anew
--        last: the deadline, in milliseconds by the clock of this server
-- Reply  late, now; or ran, now, and one of
--        { reserved }   { refused, remaining tokens }   { unknown }: the hash is gone, and what was spent was not said

-- include ../../connection/lua/now.lua
-- include sweep.lua
-- include ../../connection/lua/in-time.lua

local function reserve()
  local key, id, tokens = KEYS[1], ARGV[1], ARGV[2]
  local known = redis.call('HMGET', key, 'spent', 'held', 'sweep')
  local spent = known[1]
  if not spent then
    if ARGV[6] == '' then return {'unknown'} end
    spent = ARGV[6]
    redis.call('HSET', key, 'spent', spent)
    redis.call('PEXPIRE', key, ARGV[5])
  end
  local ends = whole(now + ARGV[4])
  local held = 0
  if known[1] then
    held = sweep(key, tonumber(known[2] or 0), tonumber(known[3] or 0))
  else
    for i = 7, #ARGV - 1, 2 do
      redis.call('HSET', key, 'r:' .. ARGV[i], ends .. ' ' .. ARGV[i + 1], 'sweep', ends)
      held = redis.call('HINCRBY', key, 'held', ARGV[i + 1])
    end
  end
  local remaining = math.max(0, tonumber(ARGV[3]) - spent - held)
  if tonumber(tokens) > remaining then return {'refused', remaining} end
  redis.call('HINCRBY', key, 'held', tokens)
  redis.call('HSET', key, 'r:' .. id, ends .. ' ' .. tokens)
  if held == 0 then redis.call('HSET', key, 'sweep', ends) end
  return {'reserved'}
end
return inTime(reserve)
