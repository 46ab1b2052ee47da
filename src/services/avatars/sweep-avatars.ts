import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** So long an account can read why its upload failed; its URL has expired long before. */
const FAILED_KEPT = `interval '1 day'`
/** A workflow gives up after a day; whatever is pending for longer has lost its own. */
const PENDING_KEPT = `interval '3 days'`

// Plan: avatars_unshown_idx. A retired one is kept until every edge has proven that it is gone; its row should go with the proof.
const OVER = `
  DELETE FROM avatars WHERE avatar_id IN (
    SELECT avatar_id FROM avatars a WHERE status <> 'ready' AND created_at < now() - CASE status
      WHEN 'awaiting_upload' THEN ${PENDING_KEPT} WHEN 'processing' THEN ${PENDING_KEPT} ELSE ${FAILED_KEPT} END
      AND NOT EXISTS (SELECT FROM retractions WHERE subject = 'photo/' || a.avatar_id)
    ORDER BY created_at LIMIT $1)
  RETURNING 1`

/** Forgets uploads of avatars that are over; what a lost workflow has left in the bucket, the sweep of stored objects finds. */
export const sweepAvatars = (primary: Query): Sweep => ({
  name: 'avatars',
  summary: 'Forget uploads of avatars that are over',
  run: (signal) => deleteInBatches(primary, OVER, signal),
})
