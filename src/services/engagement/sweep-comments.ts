import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { isUnderReview } from '../../infra/db/rules.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** The reply, or the comment itself, is not under review; or for so long that it is not kept any more. */
const isNoEvidence = (deleted: string, comment: string) =>
  `NOT (${deleted}.deleted_at > now() - $2 * interval '1 day' AND ${isUnderReview('comment', `${comment}.comment_id`)})`

// Plan: comments_deleted_idx, then comments_replies_idx. Nobody replies to a deleted comment any more.
const SWEEP_REPLIES = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT r.comment_id FROM comments c JOIN comments r ON r.parent_id = c.comment_id
    WHERE c.deleted_at IS NOT NULL AND ${isNoEvidence('c', 'r')} LIMIT $1)
  RETURNING 1`
const SWEEP = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT c.comment_id FROM comments c
    WHERE c.deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM comments r WHERE r.parent_id = c.comment_id)
      AND ${isNoEvidence('c', 'c')} LIMIT $1)
  RETURNING 1`

// Plan of each: comments_erased_idx. Nobody replies to such a comment any more.
const SWEEP_EMPTY = `
  UPDATE comments SET deleted_at = now() WHERE comment_id IN (
    SELECT comment_id FROM comments WHERE erased_at IS NOT NULL AND reply_count = 0 AND deleted_at IS NULL LIMIT $1)
  RETURNING 1`
const SWEEP_TEXTS = `
  UPDATE comments SET text = '' WHERE comment_id IN (
    SELECT comment_id FROM comments c
    WHERE erased_at IS NOT NULL AND text <> ''
      AND NOT (erased_at > now() - $2 * interval '1 day' AND ${isUnderReview('comment', 'c.comment_id')}) LIMIT $1)
  RETURNING 1`

/** @param evidenceDays for so long after their deletion, comments under review stay */
export const sweepComments = (primary: Query, evidenceDays: number): Sweep => ({
  name: 'comments',
  summary:
    'Delete comments that were deleted, and their replies; and what is left of those of erased accounts',
  run: async (signal) =>
    (await deleteInBatches(primary, SWEEP_EMPTY, signal)) +
    (await deleteInBatches(primary, SWEEP_TEXTS, signal, [evidenceDays])) +
    (await deleteInBatches(primary, SWEEP_REPLIES, signal, [evidenceDays])) +
    (await deleteInBatches(primary, SWEEP, signal, [evidenceDays])),
})
