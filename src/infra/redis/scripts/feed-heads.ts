import { HISTORY } from './history.ts'

/**
 * The scripts of the feed heads (docs/feed.md), for Redis 7 or Valkey 8. A head is one sorted set of 16-byte photo ids
 * by score. Its sentinel, the one member at score −1, says what is known of it; without a sentinel there is no head.
 *
 * The sentinel packs 57 bytes, so that a head of 200 stays a listpack: state, nonce (8 bytes), epoch, floor, and the
 * name of the server's history of writes. A head that does not come from the acknowledged writes of this history thus
 * reads as cold.
 *
 * Keys are passed in KEYS only; a script never names a key itself.
 */
const prelude = `${HISTORY}
local SENTINEL_SCORE = -1
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function pack(sentinel)
  return struct.pack('<c1c8ddc32', sentinel.state, sentinel.nonce, sentinel.epoch, sentinel.floor, sentinel.history)
end
local function readSentinel(key)
  local lowest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if lowest[2] ~= '-1' then return nil end
  local state, nonce, epoch, floor, written = struct.unpack('<c1c8ddc32', lowest[1])
  return { member = lowest[1], state = state, nonce = nonce, epoch = epoch, floor = floor, history = written }
end
local function writeSentinel(key, sentinel)
  if sentinel.member then redis.call('ZREM', key, sentinel.member) end
  redis.call('ZADD', key, SENTINEL_SCORE, pack(sentinel))
end
-- Keeps the newest maxItems and raises the floor to the highest removed score, at and below which others may be missing.
local function trim(key, sentinel, maxItems)
  local excess = redis.call('ZCARD', key) - 1 - maxItems
  if excess <= 0 then return false end
  sentinel.floor = tonumber(redis.call('ZRANGE', key, excess, excess, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYSCORE', key, 0, sentinel.floor)
  return true
end
`

/**
 * KEYS[1] head; ARGV: score at which to begin or '+inf', how many items, TTL in seconds.
 * Returns {} unless the head is warm and of this history; otherwise the epoch, the floor, and then members and scores
 * in turn, newest first. It begins with *all* members of the given score; the caller knows which of those it has had.
 */
export const READ_SLICE = `${prelude}
local sentinel = readSentinel(KEYS[1])
if not sentinel or sentinel.state ~= 'W' or sentinel.history ~= history() then return {} end
-- Renewing at half-life keeps most reads from being writes.
if redis.call('TTL', KEYS[1]) < ARGV[3] / 2 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
local count = tonumber(ARGV[2])
if ARGV[1] ~= '+inf' then count = count + redis.call('ZCOUNT', KEYS[1], ARGV[1], ARGV[1]) end
local slice = redis.call('ZRANGE', KEYS[1], ARGV[1], 0, 'BYSCORE', 'REV', 'LIMIT', 0, count, 'WITHSCORES')
table.insert(slice, 1, string.format('%.0f', sentinel.floor))
table.insert(slice, 1, string.format('%.0f', sentinel.epoch))
return slice`

/**
 * KEYS[1] head; ARGV: nonce, oldest epoch at which a warm head is good enough, TTL in seconds.
 * Once it has returned 'begun', pushes land in the head. Returns 'warm' or 'building' if another build was faster.
 */
export const BEGIN_BUILD = `${prelude}
local sentinel = readSentinel(KEYS[1])
local now = history()
if sentinel and sentinel.history == now then
  if sentinel.state == 'B' then return 'building' end
  if sentinel.epoch >= tonumber(ARGV[2]) then return 'warm' end
end
redis.call('DEL', KEYS[1])
writeSentinel(KEYS[1], { state = 'B', nonce = ARGV[1], epoch = 0, floor = 0, history = now })
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 'begun'`

/**
 * KEYS[1] head; ARGV: nonce, epoch, floor, TTL in seconds, most items, then scores and members in turn.
 * Merges what was read with what was pushed meanwhile. Returns 1, or 0 if the nonce is no longer there, because a push
 * may have been missed then.
 */
export const FINISH_BUILD = `${prelude}
local sentinel = readSentinel(KEYS[1])
if not sentinel or sentinel.state ~= 'B' or sentinel.nonce ~= ARGV[1] or sentinel.history ~= history() then return 0 end
sentinel.state = 'W'
sentinel.epoch = tonumber(ARGV[2])
sentinel.floor = math.max(sentinel.floor, tonumber(ARGV[3]))
for i = 6, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, sentinel.floor)
trim(KEYS[1], sentinel, tonumber(ARGV[5]))
writeSentinel(KEYS[1], sentinel)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1`

/**
 * KEYS heads of one slot; ARGV: score, member, most items. Adds the photo to warm and building heads. An absent head
 * stays absent, and a photo at or below a floor is left to the other tiers. Returns the number of heads that it was
 * added to.
 *
 * A head of another history reads as cold anyway and is deleted. Otherwise it could return, with its slot, to the
 * server on which it is warm, without the pushes that this server took and lost (ADR 7).
 *
 * This is the hot script, so it does without the tables of the prelude. Measured with Valkey 8.1 on 2 shared cores: 10
 * µs for a full head (each command searches the listpack from its start), 4 µs for one half full, 1 µs for an absent
 * one, and 2 µs a call for the history. The server does nothing else meanwhile, so the caller passes few heads at a
 * time.
 */
export const PUSH_SLOT = `${HISTORY}
local call, unpack, pack, sub = redis.call, struct.unpack, struct.pack, string.sub
local score, maxItems, added, now = tonumber(ARGV[1]), tonumber(ARGV[3]), 0, nil
for _, key in ipairs(KEYS) do
  local lowest = call('ZRANGE', key, 0, 1, 'WITHSCORES')
  local sentinel = lowest[1]
  if lowest[2] == '-1' then
    now = now or history()
    if sub(sentinel, 26) ~= now then
      call('DEL', key)
    elseif score > unpack('<d', sentinel, 18) and call('ZADD', key, ARGV[1], ARGV[2]) == 1 then
      added = added + 1
      if call('ZCARD', key) - 1 > maxItems then
        -- All of the lowest score go, and that score is the new floor; the sentinel goes with them and is added again.
        local floor = math.min(score, tonumber(lowest[4]))
        call('ZREMRANGEBYSCORE', key, -1, floor)
        call('ZADD', key, -1, sub(sentinel, 1, 17) .. pack('<d', floor) .. sub(sentinel, 26))
      end
    end
  end
end
return added`

/** KEYS[1] any key of the server. Returns the history of writes that the server is in, and its clock in ms. */
export const CLOCK = `${prelude}
return { history(), nowMs() }`

/**
 * KEYS heads of one slot; ARGV: member, and a history and a deadline, both from CLOCK. Does nothing after the deadline
 * or in another history. Returns the number of heads that the photo was removed from.
 */
export const REMOVE_SLOT = `${prelude}
if history() ~= ARGV[2] or nowMs() >= tonumber(ARGV[3]) then return 0 end
local removed = 0
for _, key in ipairs(KEYS) do removed = removed + redis.call('ZREM', key, ARGV[1]) end
return removed`
