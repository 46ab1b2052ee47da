import type { CommentId, PhotoId } from '../../../domain/ids.ts'
import type { CommentRow } from '../../../entities/index.ts'
import type { Database, Transaction } from '../../../infra/db/database.ts'
import { isUnderReview } from '../../../infra/db/rules.ts'
import { changePhotoCounters } from '../../photos/photo-counters.ts'
import { countRemoved, type ErasureStep } from './step.ts'

const BATCH_COMMENTS = 50

type Found = Pick<CommentRow, 'comment_id' | 'photo_id' | 'parent_id'>

/** It says something, and is not evidence that nobody sees. */
const IS_DUE = `(text <> '' AND NOT (
  (deleted_at IS NOT NULL OR erased_at IS NOT NULL) AND ${isUnderReview('comment', 'c.comment_id')}))`

// Plan: comments_author_idx. Those that the account deleted itself are empty soon in any case; here they are at once.
const NEXT = `
  SELECT comment_id, photo_id, parent_id FROM comments c WHERE author_id = $1 AND ${IS_DUE}
  ORDER BY coalesce(parent_id, comment_id), comment_id LIMIT $2`

/**
 * Empties the account's comments. One with replies of others stands, without a word or a name; the others are deleted, and
 * housekeeping takes their rows. What moderation reviews keeps its text, which nobody sees, until the case is closed.
 */
export const eraseComments = ({ db }: { db: Pick<Database, 'transaction'> }): ErasureStep => ({
  name: 'comments',
  async next(account) {
    const removed = await db.transaction(async (tx) => {
      const found = await tx.query<Found>({ text: NEXT, values: [account.userId, BATCH_COMMENTS] })
      const erased: { photoId: PhotoId; comments: number }[] = []
      for (const comment of found) {
        const comments = await eraseComment(tx, comment)
        if (comments !== undefined) erased.push({ photoId: comment.photo_id, comments })
      }
      await changePhotoCounters(
        tx,
        erased.filter(({ comments }) => comments !== 0),
      )
      await countRemoved(tx.query, account, { store: 'postgres', what: 'comments', removed: erased.length })
      return found.length
    })
    return removed === BATCH_COMMENTS ? 'more' : 'done'
  },
})

// The parent's row first, as everywhere.
const HOLD_PARENT = 'SELECT taken_down_at FROM comments WHERE comment_id = $1 FOR NO KEY UPDATE'
const HOLD = `
  SELECT reply_count, deleted_at, erased_at, taken_down_at, ${IS_DUE} AS is_due FROM comments c
  WHERE comment_id = $1 FOR NO KEY UPDATE`
const EMPTY = `
  UPDATE comments c SET version = version + 1, edited_at = NULL,
    deleted_at = coalesce(deleted_at, CASE WHEN NOT $2::boolean THEN now() END),
    erased_at = coalesce(erased_at, CASE WHEN $2::boolean THEN now() END),
    text = CASE WHEN ${isUnderReview('comment', 'c.comment_id')} THEN text ELSE '' END
  WHERE comment_id = $1`

/** @returns by how much the comments of its photo change; undefined if it was erased meanwhile */
async function eraseComment(tx: Transaction, comment: Found): Promise<-1 | 0 | undefined> {
  const { comment_id: commentId, parent_id: parentId } = comment
  const [parent] =
    parentId === null
      ? []
      : await tx.query<Pick<CommentRow, 'taken_down_at'>>({ text: HOLD_PARENT, values: [parentId] })
  const [held] = await tx.query<
    Pick<CommentRow, 'reply_count' | 'deleted_at' | 'erased_at' | 'taken_down_at'> & { is_due: boolean }
  >({ text: HOLD, values: [commentId] })
  if (!held?.is_due) return undefined
  const stands = parentId === null && held.reply_count > 0 && held.deleted_at === null
  await tx.query({ text: EMPTY, values: [commentId, stands] })
  await tx.query({ text: 'DELETE FROM comment_mentions WHERE comment_id = $1', values: [commentId] })
  const isCounted = held.deleted_at === null && held.erased_at === null && held.taken_down_at === null
  if (!isCounted) return 0
  if (parentId !== null) await uncountReply(tx, parentId)
  return parent === undefined || parent.taken_down_at === null ? -1 : 0
}

async function uncountReply(tx: Transaction, parentId: CommentId): Promise<void> {
  await tx.query({
    text: 'UPDATE comments SET reply_count = reply_count - 1 WHERE comment_id = $1',
    values: [parentId],
  })
}
