import type { CommentId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { OWE_NOTIFICATIONS } from '../delivery/notification-events.ts'

// One event for each account, whatever it is to the comment: the closest relation first. Plan: one probe of comments_pkey and
// photos_pkey, and the at most ten mentions.
const OWE_COMMENT = `${OWE_NOTIFICATIONS}
  SELECT r.user_id, array_agg(r.kind ORDER BY r.rank), c.author_id, c.photo_id, NULL, c.comment_id
  FROM comments c JOIN photos p ON p.photo_id = c.photo_id LEFT JOIN comments t ON t.comment_id = c.parent_id,
    LATERAL (
      SELECT m.user_id, 'mention' AS kind, 1 AS rank FROM comment_mentions m WHERE m.comment_id = c.comment_id
      UNION ALL SELECT t.author_id, 'reply', 2
      UNION ALL SELECT p.owner_id, 'comment', 3) r
  WHERE c.comment_id = $1 AND r.user_id <> c.author_id
  GROUP BY r.user_id, c.comment_id`

/** Owes the news of a new comment to those it mentions, the author it replies to and the photo's owner. */
export async function oweCommentNotifications(
  tx: Pick<Transaction, 'query'>,
  commentId: CommentId,
): Promise<void> {
  await tx.query({ name: 'comment-owed', text: OWE_COMMENT, values: [commentId] })
}

const OWE_MENTIONS = `${OWE_NOTIFICATIONS}
  SELECT given.user_id, '{mention}', c.author_id, c.photo_id, NULL, c.comment_id
  FROM comments c, unnest($2::bigint[]) given (user_id)
  WHERE c.comment_id = $1 AND c.taken_down_at IS NULL AND given.user_id <> c.author_id`

/** The same for those whom an edit has added. */
export async function oweMentionNotifications(
  tx: Pick<Transaction, 'query'>,
  commentId: CommentId,
  userIds: readonly UserId[],
): Promise<void> {
  if (userIds.length === 0) return
  await tx.query({ name: 'mentions-owed', text: OWE_MENTIONS, values: [commentId, userIds] })
}
