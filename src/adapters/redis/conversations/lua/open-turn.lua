-- Opens a turn, or takes a place in the queue for it. Asked again and again by those who wait, under the same token.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 token  2 conversation  3 character  4 queue or reject  5 how many may wait  6 how many turns of the client may run,
--        or ''  7 hash of the idempotency key, or ''  8 digest of the request, or ''
--        last: the deadline, in milliseconds by the clock of this server
-- Reply  late, now; or ran, now, and one of
--        { open, fence, now }, and of a conversation that exists character, turns, expiry, exchanges, greeting
--        { wait, place in the queue }   { replay, answer }   { ended, reason }   { concurrency_limited, limit }
--        { busy }   { mismatch }   { in_progress }

-- include ../../connection/lua/now.lua
-- include keys.lua
-- include ../../connection/lua/in-time.lua

local function openTurn()
  local token, conversation, character, onBusy, maxWaiting, maxTurns, idem, digest = unpack(ARGV)
  local queue, waiters, lease = named('q', conversation), named('w', conversation), named('l', conversation)
  local meta, exchanges, record = named('c', conversation), named('x', conversation), named('r', idem)
  local self, micros = token .. '|' .. character, time[1] * 1000000 + time[2]
  local function holdKey()
    if idem == '' then return end
    redis.call('HSET', record, 'd', digest, 't', token)
    redis.call('PEXPIRE', record, LEASE_MS)
  end

  local function opened(fence)
    local stored = redis.call('HMGET', meta, 'ch', 'n', 'exp', 'g')
    if not stored[1] then return { 'open', fence, whole(now) } end
    local shown = redis.call('LRANGE', exchanges, 0, -1)
    return { 'open', fence, whole(now), stored[1], stored[2], stored[3], shown, stored[4] or '' }
  end

  local ended = redis.call('GET', named('e', token))
  if ended then
    freeKey(idem, token)
    return { 'ended', ended }
  end
  -- The client of a cluster asks once more when it does not know whether its question arrived.
  local held = redis.call('HMGET', lease, 't', 'f')
  if held[1] == token then return opened(held[2]) end
  if idem ~= '' then
    local known = redis.call('HMGET', record, 'd', 't', 'a')
    if known[1] and (known[1] ~= digest or known[3] or known[2] ~= token) then
      leaveQueue(conversation, self)
      if known[1] ~= digest then return { 'mismatch' } end
      if known[3] then return { 'replay', known[3] } end
      return { 'in_progress' }
    end
  end

  local countsTill = tonumber(redis.call('ZSCORE', P .. 'o', token) or 0)
  if maxTurns ~= '' and countsTill <= now then
    local others = redis.call('ZCOUNT', P .. 'o', '(' .. whole(now), '+inf')
    if others >= tonumber(maxTurns) then return { 'concurrency_limited', maxTurns } end
  end

  for _, silent in ipairs(redis.call('ZRANGEBYSCORE', waiters, '-inf', whole(now))) do
    if silent ~= self then leaveQueue(conversation, silent) end
  end
  local waiting, ahead = redis.call('ZCARD', queue), redis.call('ZRANK', queue, self)

  if held[1] or (waiting > 0 and ahead ~= 0) then
    if not ahead then
      if onBusy == 'reject' or waiting >= tonumber(maxWaiting) then
        freeKey(idem, token)
        return { 'busy' }
      end
      local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2]
      redis.call('ZADD', queue, whole(math.max(micros, (tonumber(last) or 0) + 1)), self)
      ahead = waiting
    end
    redis.call('ZADD', waiters, whole(now + WAITER_MS), self)
    redis.call('PEXPIRE', queue, WAITER_MS)
    redis.call('PEXPIRE', waiters, WAITER_MS)
    indexed(character, conversation, now + LEASE_MS)
    countTurn(token)
    holdKey()
    return { 'wait', ahead + 1 }
  end

  local fence = math.max(micros, (tonumber(redis.call('GET', P .. 'f')) or 0) + 1)
  redis.call('SET', P .. 'f', whole(fence), 'PX', FENCE_MS)
  if ahead then leaveQueue(conversation, self) end
  local was = redis.call('HMGET', meta, 'ch', 'exp')
  if not was[1] or tonumber(was[2]) <= now then
    redis.call('DEL', meta, exchanges)
    was = {}
  end
  local concerned = was[1] or character
  redis.call('HSET', lease, 't', token, 'f', whole(fence), 'ch', character, 'cc', concerned, 'r', idem)
  redis.call('PEXPIRE', lease, LEASE_MS)
  indexed(character, conversation, now + LEASE_MS)
  countTurn(token)
  holdKey()
  keepShown(conversation)
  if concerned ~= character then indexed(concerned, conversation, now + LEASE_MS) end
  return opened(whole(fence))
end
return inTime(openTurn)
