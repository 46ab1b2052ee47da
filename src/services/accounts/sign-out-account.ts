import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'

/**
 * Ends all sessions of an account, as an operator does, and deletes its personal access tokens if asked to.
 * @returns how many of each
 * @throws DarkroomError not_found
 */
export function signOutAccount(
  db: Pick<Database, 'transaction'>,
  username: string,
  { tokens = false }: { tokens?: boolean | undefined } = {},
): Promise<{ sessions: number; tokens: number }> {
  return db.transaction(async (tx) => {
    const userId = await holdAccountOf(tx, username)
    const sessions = await endSessions(tx, userId)
    const deleted = tokens
      ? await tx.query({
          text: 'DELETE FROM personal_tokens WHERE user_id = $1 RETURNING 1',
          values: [userId],
        })
      : []
    return { sessions, tokens: deleted.length }
  })
}

/** The account of a name, held until the transaction ends. @throws DarkroomError not_found */
export async function holdAccountOf(tx: Transaction, username: string): Promise<UserId> {
  const [account] = await tx.query<{ user_id: UserId }>({
    text: 'SELECT user_id FROM users WHERE lower(username) = lower($1) FOR NO KEY UPDATE',
    values: [username],
  })
  if (!account) throw notFound('user')
  return account.user_id
}

/** @returns how many of the account's sessions this ended */
export async function endSessions(tx: Transaction, userId: UserId): Promise<number> {
  const ended = await tx.query({
    text: `UPDATE sessions SET revoked_at = now()
      WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now() RETURNING 1`,
    values: [userId],
  })
  return ended.length
}
