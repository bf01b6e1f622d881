-- One hash for a client's day, so that it is lost as a whole or not at all:
--
--     spent    tokens of turns that are settled
--     held     tokens of reservations
--     r:<id>   <end of its lease> <tokens>, of a reservation
--     g:<id>   of one that was given back at that end
--     sweep    when a lease may have ended, and not before
--
-- Fragment. Needs now and whole.

-- Gives back what is held by processes that have died. Returns what is held after it.
local function sweep(key, held, due)
  if held == 0 or now < due then return held end
  local fields = redis.call('HGETALL', key)
  local nextDue = math.huge
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'r:' then
      local ends, tokens = string.match(fields[i + 1], '^(%d+) (%d+)$')
      if tonumber(ends) <= now then
        redis.call('HDEL', key, fields[i])
        redis.call('HSET', key, 'g:' .. string.sub(fields[i], 3), '')
        held = held - tonumber(tokens)
      else
        nextDue = math.min(nextDue, tonumber(ends))
      end
    end
  end
  redis.call('HSET', key, 'held', whole(held))
  if nextDue < math.huge then redis.call('HSET', key, 'sweep', whole(nextDue)) end
  return held
end
