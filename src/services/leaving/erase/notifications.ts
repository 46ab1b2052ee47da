import type { Database } from '../../../infra/db/database.ts'
import { countRemoved, deleteCounted, type ErasureStep } from './step.ts'

const BATCH_ROWS = 500

// Plan: notifications_newest_idx and notification_entries_pkey. Entries first, so that no notification goes with a long cascade.
const OWN_ENTRIES = `
  DELETE FROM notification_entries WHERE (notification_id, event_id) IN (
    SELECT e.notification_id, e.event_id FROM notifications n JOIN notification_entries e USING (notification_id)
    WHERE n.recipient_id = $1 LIMIT $2) RETURNING 1`
const OWN = `
  DELETE FROM notifications WHERE notification_id IN (
    SELECT notification_id FROM notifications WHERE recipient_id = $1 LIMIT $2) RETURNING 1`
// Plan: notification_entries_actor_idx.
const AS_ACTOR = `
  DELETE FROM notification_entries WHERE (notification_id, event_id) IN (
    SELECT notification_id, event_id FROM notification_entries WHERE actor_id = $1 LIMIT $2)
  RETURNING notification_id`
const RECOUNT = `
  UPDATE notifications n SET actor_count = greatest(0, actor_count - 1)
  WHERE notification_id = ANY ($2::bigint[]) AND NOT EXISTS (
    SELECT FROM notification_entries e WHERE e.notification_id = n.notification_id AND e.actor_id = $1)`
const DROP_EMPTY = `
  DELETE FROM notifications n WHERE notification_id = ANY ($1::bigint[]) AND NOT EXISTS (
    SELECT FROM notification_entries e WHERE e.notification_id = n.notification_id)`

/** Deletes what the account was told, and takes it out of what others were told. */
export const eraseNotifications = ({
  db,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
}): ErasureStep => ({
  name: 'notifications',
  async next(account) {
    for (const [table, deletion] of [
      ['notification_entries', OWN_ENTRIES],
      ['notifications', OWN],
    ] as const) {
      const removed = await deleteCounted(db.primary, account, { table, deletion, limit: BATCH_ROWS })
      if (removed === BATCH_ROWS) return 'more'
    }
    const removed = await db.transaction(async ({ query }) => {
      const entries = await query<{ notification_id: string }>({
        text: AS_ACTOR,
        values: [account.userId, BATCH_ROWS],
      })
      const changed = [...new Set(entries.map((row) => row.notification_id))]
      await query({ text: RECOUNT, values: [account.userId, changed] })
      await query({ text: DROP_EMPTY, values: [changed] })
      await countRemoved(query, account, {
        store: 'postgres',
        what: 'notification_entries',
        removed: entries.length,
      })
      return entries.length
    })
    return removed === BATCH_ROWS ? 'more' : 'done'
  },
})
