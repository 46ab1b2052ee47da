import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** How long an album remembers what happened in it. */
const KEPT = `interval '90 days'`

// Plan: album_activity_created_idx.
const SWEEP = `
  DELETE FROM album_activity WHERE activity_id IN (
    SELECT activity_id FROM album_activity WHERE created_at < now() - ${KEPT} LIMIT $1)
  RETURNING 1`

export const sweepAlbumActivity = (primary: Query): Sweep => ({
  name: 'albumActivity',
  summary: 'Delete what happened in albums more than 90 days ago',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
