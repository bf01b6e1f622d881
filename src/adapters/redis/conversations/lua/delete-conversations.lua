-- Deletes conversations, and ends their turns. At most so many are deleted and so many records looked at in a call, so that
-- other clients do not wait. First come the conversations, until none is left; then, in calls of their own, the records, from
-- <score>|<last> on, where the last is the latest of a turn from before.
--
-- KEYS   1 the prefix of the client's keys; 2… the keys of all that it concerns, for a cluster whose slots move: the script
--        itself makes their names of the prefix
-- ARGV   1 conversation, character or client  2 the id of the first two, or ''  3 why their turns end  4 where to go on, or '':
--        at the beginning  5 how many are deleted at once  6 how many records are looked at  7 length of a key's hash
--        last: the deadline, in milliseconds by the clock of this server
-- Reply  late, now; or ran, now, and { where to go on, or '' at the end; 1 when there was something, or 0; the tokens of the
--        turns that were ended }

-- include ../../connection/lua/now.lua
-- include keys.lua
-- include ../../connection/lua/in-time.lua

local function deletePart()
  local what, id, reason, from, max, maxScanned, hashLength = unpack(ARGV)
  local found, next, ended = 0, '', {}
  local function concerns(...)
    if what ~= 'character' then return true end
    for _, character in ipairs({ ... }) do if character == id then return true end end
    return false
  end
  local function notify(token)
    redis.call('SET', named('e', token), reason, 'PX', ENDED_MS)
    uncountTurn(token)
    ended[#ended + 1] = token
  end
  local function delete(conversation)
    local meta = redis.call('HMGET', named('c', conversation), 'ch', 'exp')
    if meta[1] and concerns(meta[1]) then
      if tonumber(meta[2]) > now then found = 1 end
      redis.call('DEL', named('c', conversation), named('x', conversation))
    end
    local lease = redis.call('HMGET', named('l', conversation), 't', 'ch', 'cc', 'r')
    if lease[1] and concerns(lease[2], lease[3]) then
      found = 1
      redis.call('DEL', named('l', conversation))
      expireInTime(conversation)
      freeKey(lease[4], lease[1])
      notify(lease[1])
    end
    for _, waiter in ipairs(redis.call('ZRANGE', named('q', conversation), 0, -1)) do
      local token, character = string.match(waiter, '^([^|]*)|(.*)$')
      if concerns(character) then
        leaveQueue(conversation, waiter)
        notify(token)
      end
    end
  end
  local function deleteIndexed(character)
    local index = named('i', character)
    for _, conversation in ipairs(redis.call('ZRANGE', index, 0, max - 1)) do
      delete(conversation)
      redis.call('ZREM', index, conversation)
    end
    if redis.call('EXISTS', index) == 1 then return false end
    redis.call('ZREM', P .. 'k', character)
    return true
  end
  local function deleteConversations()
    if what == 'conversation' then
      delete(id)
      return true
    end
    if what == 'character' then return deleteIndexed(id) end
    local character = redis.call('ZRANGE', P .. 'k', 0, 0)[1]
    if character then deleteIndexed(character) end
    return redis.call('EXISTS', P .. 'k') == 0
  end

  local replays = P .. 'ri'
  local function forgetConcerned(member)
    local asked, concerned, conversation = string.match(string.sub(member, hashLength + 1), '^([^|]*)|([^|]*)|(.*)$')
    if what == 'conversation' and conversation ~= id or not concerns(asked, concerned) then return end
    forgetAnswer(string.sub(member, 1, hashLength))
    redis.call('ZREM', replays, member)
  end

  local score, last = string.match(from, '^(.*)|(.*)$')
  if not score then
    local isDone = deleteConversations()
    if not isDone then return { 'conversations', found, ended } end
    redis.call('ZREMRANGEBYSCORE', replays, '-inf', whole(now - 1))
    last = redis.call('ZRANGE', replays, -1, -1, 'WITHSCORES')[2]
    return { last and '-inf|' .. last or '', found, ended }
  end
  local members = redis.call('ZRANGEBYSCORE', replays, score, last, 'WITHSCORES', 'LIMIT', 0, maxScanned)
  for i = 1, #members, 2 do forgetConcerned(members[i]) end
  if #members == 2 * maxScanned then
    local reached = members[#members]
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', replays, reached, reached)) do forgetConcerned(member) end
    next = '(' .. reached .. '|' .. last
  end
  return { next, found, ended }
end
return inTime(deletePart)
