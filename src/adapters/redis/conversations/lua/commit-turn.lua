-- Writes what appendTurn has made of the conversation whose right the token holds, and gives back that right. May be asked again:
-- what is kept stays kept. In JSON a text's own quotes are escaped, so no text passes for a turn's id.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 token  2 conversation  3 turn  4 the exchange that is added, JSON, or ''  5 how many turns there are  6 the conversation's expiry
--        7 how many exchanges are kept  8 hash of the idempotency key, or ''  9 digest of the request  10 answer
--        11 how many answers are kept  12 for how many milliseconds  13 greeting, JSON, of a conversation that begins, or ''
--        last: the deadline, in milliseconds by the clock of this server
-- Reply  late, now; or ran, now, and one of
--        { kept, the token that waits next, if one does }   { lost, why, which may be empty }

-- include ../../connection/lua/now.lua
-- include keys.lua
-- include ../../connection/lua/in-time.lua

local function commitTurn()
  local token, conversation, turnId, exchange, turns, exp, kept = unpack(ARGV)
  local idem, digest, answer, maxReplays, replayMs, greeting = unpack(ARGV, 8)
  local lease, meta, exchanges = named('l', conversation), named('c', conversation), named('x', conversation)
  local record = named('r', idem)
  local held = redis.call('HMGET', lease, 't', 'f', 'ch', 'cc')
  local by = idem ~= '' and redis.call('HMGET', record, 't', 'a') or {}
  local function isKept()
    for _, json in ipairs(redis.call('LRANGE', exchanges, 0, -1)) do
      if string.find(json, '"turnId":"' .. turnId .. '"', 1, true) then return true end
    end
    return false
  end

  if held[1] ~= token then
    if isKept() or (by[1] == token and by[2]) then return { 'kept', nextInQueue(conversation) } end
    return { 'lost', redis.call('GET', named('e', token)) or '' }
  end
  if by[1] and by[1] ~= token then return { 'lost', '' } end

  if exchange == '' then
    expireInTime(conversation)
  else
    redis.call('RPUSH', exchanges, exchange)
    redis.call('LTRIM', exchanges, -tonumber(kept), -1)
    redis.call('HSET', meta, 'ch', held[4], 'n', turns, 'exp', exp, 'f', held[2])
    if greeting ~= '' then redis.call('HSET', meta, 'g', greeting) end
    redis.call('PEXPIREAT', meta, exp)
    redis.call('PEXPIREAT', exchanges, exp)
    indexed(held[4], conversation, tonumber(exp))
  end

  if idem ~= '' then
    redis.call('HSET', record, 'd', digest, 't', token, 'a', answer)
    redis.call('PEXPIRE', record, replayMs)
    local replays = P .. 'ri'
    note(replays, idem .. held[3] .. '|' .. held[4] .. '|' .. conversation, now + replayMs)
    local surplus = redis.call('ZCARD', replays) - tonumber(maxReplays)
    if surplus > 0 then
      local oldest = redis.call('ZPOPMIN', replays, surplus)
      for i = 1, #oldest, 2 do forgetAnswer(string.sub(oldest[i], 1, #idem)) end
    end
  end
  redis.call('DEL', lease)
  uncountTurn(token)
  return { 'kept', nextInQueue(conversation) }
end
return inTime(commitTurn)
