import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** How long an account can read what it was told. */
const KEPT = `interval '90 days'`

// Plan: notifications_latest_idx, then the entries of each by notification_entries_pkey. One that is being written or read is left
// to the next sweep.
const SWEEP = `
  DELETE FROM notifications WHERE notification_id IN (
    SELECT notification_id FROM notifications WHERE latest_at < now() - ${KEPT} LIMIT $1 FOR UPDATE SKIP LOCKED)
  RETURNING 1`

export const sweepNotifications = (primary: Query): Sweep => ({
  name: 'notifications',
  summary: 'Delete notifications of more than 90 days ago',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
