-- Any server answers it, and the key leads to the one that is meant.
--
-- KEYS   1 any
-- ARGV   none
-- Reply  seconds, microseconds
return redis.call('TIME')
