import { HISTORY } from './history.ts'

/**
 * The scripts of the event logs, for Redis 7 or Valkey 8. A log is a Redis stream of what an account's open HTTP streams are
 * told. Each entry names the history of writes that it belongs to: after a restart or a failover the server may have lost
 * entries that it had acknowledged, so a log of another history is void. Each entry also has the name of its log: one that is
 * begun anew within the same millisecond, or by a clock that was set back, gives ids a second time.
 *
 * The channel of a log has the name of its key.
 */

/**
 * KEYS[1] log; ARGV: type, data, most entries. Appends to a log that is there and wakes those who follow it. Returns the
 * position of the entry; nothing if no log is there, because then nobody has a position in it to miss the event from.
 */
export const APPEND = `${HISTORY}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return false end
local position = false
local written = last[2][2]
if written == history() and last[2][3] == 'log' then
  position = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*',
    'history', written, 'log', last[2][4], 'type', ARGV[1], 'data', ARGV[2])
else
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', KEYS[1], '')
return position`

/**
 * KEYS[1] log; ARGV: position or '' for the end, how many entries, TTL in seconds, the name of the log if it begins now. Begins
 * a log if none is there. A position is an id and the name of its log, with a slash between. Returns the position if it is in
 * the log and the entries after it; else the end of the log alone. As the oldest entries go first, all entries after one that
 * is there are there too.
 */
export const READ = `${HISTORY}
local now = history()
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
-- Logs of earlier versions had no names.
if last and (last[2][2] ~= now or last[2][3] ~= 'log') then
  redis.call('DEL', KEYS[1])
  last = nil
end
local name = last and last[2][4] or ARGV[4]
local theEnd = last and last[1] or redis.call('XADD', KEYS[1], '*', 'history', now, 'log', name)
-- Renewing at half-life keeps most reads from being writes.
if redis.call('TTL', KEYS[1]) < ARGV[3] / 2 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
local id, log = string.match(ARGV[1], '^(%d+%-%d+)/(.+)$')
if log ~= name or #redis.call('XRANGE', KEYS[1], id, id) == 0 then return { theEnd .. '/' .. name } end
return { ARGV[1], redis.call('XRANGE', KEYS[1], '(' .. id, '+', 'COUNT', ARGV[2]) }`
