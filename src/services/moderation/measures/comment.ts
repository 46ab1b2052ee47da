import { notFound } from '../../../domain/errors.ts'
import type { CommentId } from '../../../domain/ids.ts'
import type { CommentRow } from '../../../entities/index.ts'
import type { Transaction } from '../../../infra/db/database.ts'
import { changePhotoCounters } from '../../photos/photo-counters.ts'

// A comment that is taken down is counted nowhere, like a deleted one, and its row and replies stay for a restoration.

type HeldComment = Pick<CommentRow, 'photo_id' | 'parent_id' | 'reply_count' | 'taken_down_at'>

const FIND = 'SELECT parent_id FROM comments WHERE comment_id = $1 AND deleted_at IS NULL'
const HOLD = `
  SELECT photo_id, parent_id, reply_count, taken_down_at FROM comments
  WHERE comment_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE`

/** The parent's row first, as everywhere. @throws DarkroomError not_found */
async function hold(tx: Transaction, commentId: CommentId) {
  const [found] = await tx.query<Pick<CommentRow, 'parent_id'>>({ text: FIND, values: [commentId] })
  if (!found) throw notFound('comment')
  const one = async (id: CommentId) => {
    const [row] = await tx.query<HeldComment>({ text: HOLD, values: [id] })
    if (!row) throw notFound('comment')
    return row
  }
  const parent = found.parent_id === null ? undefined : await one(found.parent_id)
  return { comment: await one(commentId), parent }
}

/**
 * Hides the comment and its replies from everyone but its author.
 * @throws DarkroomError not_found
 */
export async function takeDownComment(tx: Transaction, commentId: CommentId): Promise<void> {
  const { comment, parent } = await hold(tx, commentId)
  if (comment.taken_down_at === null) await set(tx, commentId, comment, parent, 'taken down')
}

/**
 * Shows the comment again, with the replies that it had. One in a thread that is taken down stays hidden with it.
 * @throws DarkroomError not_found
 */
export async function restoreComment(tx: Transaction, commentId: CommentId): Promise<void> {
  const { comment, parent } = await hold(tx, commentId)
  if (comment.taken_down_at !== null) await set(tx, commentId, comment, parent, 'shown')
}

async function set(
  tx: Transaction,
  commentId: CommentId,
  comment: HeldComment,
  parent: HeldComment | undefined,
  to: 'taken down' | 'shown',
): Promise<void> {
  const sign = to === 'shown' ? 1 : -1
  await tx.query({
    text: `UPDATE comments SET taken_down_at = ${to === 'shown' ? 'NULL' : 'now()'} WHERE comment_id = $1`,
    values: [commentId],
  })
  if (parent) {
    await tx.query({
      text: 'UPDATE comments SET reply_count = reply_count + $2 WHERE comment_id = $1',
      values: [comment.parent_id, sign],
    })
  }
  // A thread that is taken down was counted out with all its replies.
  if (parent && parent.taken_down_at !== null) return
  await changePhotoCounters(tx, [{ photoId: comment.photo_id, comments: sign * (1 + comment.reply_count) }])
}
