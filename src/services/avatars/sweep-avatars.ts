import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** So long an account can read why its upload failed; its URL has expired long before. */
const FAILED_KEPT = `interval '1 day'`

// Plan: avatars_failed_idx.
const FAILED = `
  DELETE FROM avatars WHERE avatar_id IN (
    SELECT avatar_id FROM avatars WHERE status = 'failed' AND created_at < now() - ${FAILED_KEPT}
    ORDER BY created_at LIMIT $1)
  RETURNING 1`

/** Forgets uploads of avatars that failed; their workflows have removed what was stored. */
export const sweepAvatars = (primary: Query): Sweep => ({
  name: 'avatars',
  summary: 'Forget uploads of avatars that failed',
  run: (signal) => deleteInBatches(primary, FAILED, signal),
})
