import type { CommentId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { accountOnly, accountVisibleTo } from '../../infra/db/rules.ts'

// A mention that stays keeps its row, so that nobody is told of it twice. Plan: at most ten probes of users_username_key,
// each with two of blocks_pkey.
const WRITE = `
  WITH named AS MATERIALIZED (
    SELECT u.user_id FROM users u
    WHERE lower(u.username) = ANY ($3::text[]) AND ${accountVisibleTo('u', accountOnly('$2::bigint'))}),
  ended AS (
    DELETE FROM comment_mentions WHERE comment_id = $1 AND user_id NOT IN (SELECT user_id FROM named))
  INSERT INTO comment_mentions (comment_id, user_id) SELECT $1, user_id FROM named ON CONFLICT DO NOTHING RETURNING user_id`

/**
 * Makes these the mentions of a comment.
 * @param names usernames in lower case; those that do not exist for the author, behind a block for example, mention nobody
 * @returns the accounts that it did not mention before
 */
export async function writeMentions(
  tx: Pick<Transaction, 'query'>,
  commentId: CommentId,
  authorId: UserId,
  names: readonly string[],
): Promise<UserId[]> {
  const rows = await tx.query<{ user_id: UserId }>({
    name: 'comment-mentions',
    text: WRITE,
    values: [commentId, authorId, names],
  })
  return rows.map((row) => row.user_id)
}
