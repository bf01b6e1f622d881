import { DeadlineScript, RedisScript } from '../connection/redis-script.js';

/**
 * One hash for a client's day, so that it is lost as a whole or not at all: `spent`, `held`, and one field for each
 * reservation, `r:<id>` with `<end of its lease> <tokens>`, or `g:<id>` when it was given back at that end. `sweep` is when a lease may have ended, and not before.
 * Time is the server's own, which all processes share.
 */
const LEASES = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
-- Gives back what is held by processes that have died. Returns what is held after it.
local function sweep(key, now, held, due)
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
  redis.call('HSET', key, 'held', string.format('%.0f', held))
  if nextDue < math.huge then redis.call('HSET', key, 'sweep', string.format('%.0f', nextDue)) end
  return held
end
`;

/** Arguments: id, tokens, limit, lease in ms, lifetime of the counter in ms, spent so far or '', and after it
 * the id and tokens of each reservation that is known to be held, for a counter that begins anew. */
export const RESERVE = new DeadlineScript(
  `${LEASES}
local now = nowMs()
local function whole(number) return string.format('%.0f', number) end`,
  `
local key, id, tokens = KEYS[1], ARGV[1], ARGV[2]
local known = redis.call('HMGET', key, 'spent', 'held', 'sweep')
local spent = known[1]
if not spent then
  if ARGV[6] == '' then return {'unknown'} end
  spent = ARGV[6]
  redis.call('HSET', key, 'spent', spent)
  redis.call('PEXPIRE', key, ARGV[5])
end
local ends = string.format('%.0f', now + ARGV[4])
local held = 0
if known[1] then
  held = sweep(key, now, tonumber(known[2] or 0), tonumber(known[3] or 0))
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
`,
);

/**
 * Arguments: id, tokens, spent, and '1' when it has been tried before: what was neither held nor given back by then
 * was settled. A counter that is gone is not begun: the next reservation begins it with what was recorded.
 */
export const SETTLE = new RedisScript(`
local key, field = KEYS[1], 'r:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return end
if redis.call('HDEL', key, field) == 1 then
  redis.call('HINCRBY', key, 'held', '-' .. ARGV[2])
elseif redis.call('HDEL', key, 'g:' .. ARGV[1]) == 0 and ARGV[4] == '1' then
  return
end
redis.call('HINCRBY', key, 'spent', ARGV[3])
`);

export const FIND = new RedisScript(`${LEASES}
local known = redis.call('HMGET', KEYS[1], 'spent', 'held', 'sweep')
if not known[1] then return {} end
return {tonumber(known[1]), sweep(KEYS[1], nowMs(), tonumber(known[2] or 0), tonumber(known[3] or 0))}
`);
