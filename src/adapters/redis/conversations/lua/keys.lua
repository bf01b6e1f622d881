-- The names of the keys, version 1. All keys of one client share its hash tag, and so a slot.
--
--     c:<conversation>  hash   ch character, n turns, exp expiry, f last fence, g greeting, JSON
--     x:<conversation>  list   the exchanges, JSON, oldest first
--     l:<conversation>  hash   the open turn: t token, f fence, ch and cc characters asked for and concerned, r record
--     q:<conversation>  zset   those who wait, <token>|<character>, in order of arrival
--     w:<conversation>  zset   the same, by when they count as gone
--     e:<token>         string why a turn ended that was open or waiting
--     r:<key hash>      hash   an idempotency key: d digest, t token, and a answer once there is one
--     ri                zset   records with an answer, by expiry
--     i:<character>     zset   its conversations and open turns, by expiry
--     k                 zset   the client's characters, by the last expiry
--     o                 zset   tokens of the client's turns that are open or wait, by when they no longer count
--     f                 string the client's last fence
--
-- `c` and `x` stay a little longer than `exp` while a turn is open: the model was shown them.
--
-- A full Redis refuses only the first write of a script: where it has to refuse, that is one that takes memory.
--
-- Fragment. Needs now, whole, and LEASE_MS, how long a turn's right outlives the last word of its process.

local P = KEYS[1]
-- How long a place in the queue outlives the last word of its process.
local WAITER_MS = 2000
-- How long it is remembered why a turn ended before its process knew.
local ENDED_MS = 60000
-- How long the last fence of a client is remembered; after that the clock alone keeps them rising.
local FENCE_MS = 600000
local function named(kind, id) return P .. kind .. ':' .. id end
local function atLeast(key, ms)
  local left = redis.call('PTTL', key)
  if left ~= -2 and left < ms then redis.call('PEXPIRE', key, whole(ms)) end
end
local function note(index, member, till)
  redis.call('ZADD', index, 'GT', whole(till), member)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', whole(now - 1))
  atLeast(index, till - now)
end
local function indexed(character, conversation, till)
  note(named('i', character), conversation, till)
  note(P .. 'k', character, till)
end
local function keepShown(conversation)
  atLeast(named('c', conversation), LEASE_MS)
  atLeast(named('x', conversation), LEASE_MS)
end
local function expireInTime(conversation)
  local exp = redis.call('HGET', named('c', conversation), 'exp')
  if not exp then return end
  redis.call('PEXPIREAT', named('c', conversation), exp)
  redis.call('PEXPIREAT', named('x', conversation), exp)
end
local function freeKey(idem, token)
  if idem == '' then return end
  local record = redis.call('HMGET', named('r', idem), 't', 'a')
  if record[1] == token and not record[2] then redis.call('DEL', named('r', idem)) end
end
-- The index may still name a key that has been free since, and is a running turn's by now.
local function forgetAnswer(idem)
  if redis.call('HEXISTS', named('r', idem), 'a') == 1 then redis.call('DEL', named('r', idem)) end
end
local function countTurn(token)
  redis.call('ZADD', P .. 'o', whole(now + LEASE_MS), token)
  redis.call('ZREMRANGEBYSCORE', P .. 'o', '-inf', whole(now))
  redis.call('PEXPIRE', P .. 'o', LEASE_MS)
end
local function uncountTurn(token) redis.call('ZREM', P .. 'o', token) end
local function leaveQueue(conversation, waiter)
  redis.call('ZREM', named('q', conversation), waiter)
  redis.call('ZREM', named('w', conversation), waiter)
end
local function nextInQueue(conversation)
  local first = redis.call('ZRANGE', named('q', conversation), 0, 0)[1]
  return first and string.match(first, '^[^|]*')
end
