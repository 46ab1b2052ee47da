import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: comments_deleted_idx, then comments_replies_idx. Nobody replies to a deleted comment any more, so its count stays.
const SWEEP_REPLIES = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT r.comment_id FROM comments c JOIN comments r ON r.parent_id = c.comment_id
    WHERE c.deleted_at IS NOT NULL AND c.reply_count > 0 LIMIT $1)
  RETURNING 1`
const SWEEP = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT c.comment_id FROM comments c
    WHERE c.deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM comments r WHERE r.parent_id = c.comment_id) LIMIT $1)
  RETURNING 1`

export const sweepComments = (primary: Query): Sweep => ({
  name: 'comments',
  summary: 'Delete comments that were deleted, and their replies',
  run: async (signal) =>
    (await deleteInBatches(primary, SWEEP_REPLIES, signal)) + (await deleteInBatches(primary, SWEEP, signal)),
})
