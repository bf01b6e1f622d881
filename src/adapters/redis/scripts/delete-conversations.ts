import { RedisScript } from '../redis-script.js';
import { SCHEMA } from './schema.js';

/**
 * `conversation` or `character` with its id, or `client`. At most so many conversations or records a call, so that other
 * clients do not wait: returns 1 when it has to be called again, 1 when there was something, and the tokens of the turns
 * that were ended.
 */
export const DELETE_CONVERSATIONS = new RedisScript(`${SCHEMA}
local what, id, reason, most, hashLength = unpack(ARGV)
local found, again, ended = 0, 0, {}
local function concerns(...)
  if what ~= 'character' then return true end
  for _, character in ipairs({ ... }) do if character == id then return true end end
  return false
end
local function tell(token)
  redis.call('SET', named('e', token), reason, 'PX', ENDED)
  gone(token)
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
    tell(lease[1])
  end
  for _, waiter in ipairs(redis.call('ZRANGE', named('q', conversation), 0, -1)) do
    local token, character = string.match(waiter, '^([^|]*)|(.*)$')
    if concerns(character) then
      leaveQueue(conversation, waiter)
      tell(token)
    end
  end
end
local function deleteIndexed(character)
  local index = named('i', character)
  for _, conversation in ipairs(redis.call('ZRANGE', index, 0, most - 1)) do
    delete(conversation)
    redis.call('ZREM', index, conversation)
  end
  if redis.call('EXISTS', index) == 1 then again = 1 else redis.call('ZREM', P .. 'k', character) end
end

local replays, last = P .. 'ri', -1
if what == 'conversation' then
  delete(id)
elseif what == 'character' then
  deleteIndexed(id)
else
  last = most - 1
  local character = redis.call('ZRANGE', P .. 'k', 0, 0)[1]
  if character then deleteIndexed(character) end
  if redis.call('EXISTS', P .. 'k') == 1 then again = 1 end
end
if again == 0 then
  redis.call('ZREMRANGEBYSCORE', replays, '-inf', whole(now - 1))
  for _, member in ipairs(redis.call('ZRANGE', replays, 0, last)) do
    local asked, concerned, conversation = string.match(string.sub(member, hashLength + 1), '^([^|]*)|([^|]*)|(.*)$')
    if (what ~= 'conversation' or conversation == id) and concerns(asked, concerned) then
      forgetAnswer(string.sub(member, 1, hashLength))
      redis.call('ZREM', replays, member)
    end
  end
  if what == 'client' and redis.call('EXISTS', replays) == 1 then again = 1 end
end
return { again, found, ended }
`);
