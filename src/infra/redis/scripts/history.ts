/**
 * A Lua function that names the history of writes that the server is in: the first 32 hex digits of its `master_replid`. It
 * changes with a restart and with a failover (even back to a former master, which `run_id` would not show), and differs
 * between shards. Takes 2 µs.
 */
export const HISTORY = `
local function history()
  return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 32)
end`
