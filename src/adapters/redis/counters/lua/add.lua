-- Adds to counts. A window begins with the first points, and never with fewer than one.
--
-- KEYS   each a count
-- ARGV   for each key its points, the length of its window in milliseconds, and a maximum, or '': a count above it skips the
--        next key
-- Reply  for each key { count afterwards, milliseconds until its window ends }, an error, or nothing when it was skipped
local function add(key, points, ms)
  if points <= 0 then
    local after = (tonumber(redis.call('GET', key)) or 0) + points
    if after <= 0 then
      if points < 0 then redis.call('DEL', key) end
      return { 0, 0 }
    end
  end
  local count = redis.call('INCRBY', key, points)
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ms)
    left = ms
  end
  return { count, left }
end
local counts, isSkipped = {}, false
for place, key in ipairs(KEYS) do
  local points, ms, most = unpack(ARGV, 3 * place - 2, 3 * place)
  if isSkipped then
    counts[place], isSkipped = false, false
  else
    local isDone, count = pcall(add, key, tonumber(points), tonumber(ms))
    if not isDone and type(count) ~= 'table' then count = { err = count } end
    counts[place] = count
    isSkipped = most ~= '' and (not isDone or count[1] > tonumber(most))
  end
end
return counts
