-- A's order that rests, told ahead of its fills.
-- KEYS 1 where the newest stands. ARGV 1 the message  2 its life in ms  3 how to publish  4 the channel. Answers how many heard it.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call(ARGV[3], ARGV[4], ARGV[1])
