import { DeadlineScript } from '#src/adapters/redis/connection/redis-script.js';
import { SCHEMA } from './schema.js';

/**
 * Returns `kept` and the token that waits next, if one does; or `lost` and why, which may be empty. May be asked again:
 * what is kept stays kept.
 */
export const COMMIT_TURN = new DeadlineScript(
  SCHEMA,
  `
local token, conversation, turnId, exchange, turns, exp, maxExchanges, idem, digest, answer, maxReplays, replayMs, greeting = unpack(ARGV)
local lease, meta, exchanges = named('l', conversation), named('c', conversation), named('x', conversation)
local record = named('r', idem)
local held = redis.call('HMGET', lease, 't', 'f', 'ch', 'cc')
local ids = redis.call('HGET', meta, 'ids') or '\\n'
local isKept = string.find(ids, '\\n' .. turnId .. '\\n', 1, true)
local by = idem ~= '' and redis.call('HMGET', record, 't', 'a') or {}
if held[1] ~= token then
  if isKept or (by[1] == token and by[2]) then return { 'kept', nextInQueue(conversation) } end
  return { 'lost', redis.call('GET', named('e', token)) or '' }
end
if by[1] and by[1] ~= token then return { 'lost', '' } end

if isKept then
  expireInTime(conversation)
else
  redis.call('RPUSH', exchanges, exchange)
  redis.call('LTRIM', exchanges, -tonumber(maxExchanges), -1)
  ids = ids .. turnId .. '\\n'
  for _ = tonumber(maxExchanges) + 1, select(2, string.gsub(ids, '\\n', '')) - 1 do
    ids = string.gsub(ids, '^\\n[^\\n]*', '')
  end
  redis.call('HSET', meta, 'ch', held[4], 'n', turns, 'exp', exp, 'ids', ids, 'f', held[2])
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
`,
);
