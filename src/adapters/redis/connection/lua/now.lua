-- Fragment: the server's clock, which all processes share. time: seconds and microseconds; now: milliseconds.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Writes a number without a fraction.
local function whole(number) return string.format('%.0f', number) end
