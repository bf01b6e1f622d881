-- Fragment: does nothing once the deadline is over, the last of ARGV, in milliseconds by the server's clock. Needs now and whole.
local function inTime(run)
  if now >= tonumber(ARGV[#ARGV]) then return { 'late', whole(now) } end
  return { 'ran', whole(now), run() }
end
