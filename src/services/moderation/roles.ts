import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { writeAudit } from './audit-log.ts'

/**
 * Gives an account a role, as an operator does; `user` takes every other one away.
 * @returns the account, and the role that it had
 * @throws DarkroomError not_found
 */
export function grantRole(
  db: Pick<Database, 'transaction'>,
  username: string,
  role: UserRow['role'],
): Promise<{ userId: UserId; before: UserRow['role'] }> {
  return db.transaction(async (tx) => {
    const [row] = await tx.query<Pick<UserRow, 'user_id' | 'role'>>({
      text: 'SELECT user_id, role FROM users WHERE lower(username) = lower($1) FOR NO KEY UPDATE',
      values: [username],
    })
    if (!row) throw notFound('user')
    if (row.role === role) return { userId: row.user_id, before: role }
    await tx.query({ text: 'UPDATE users SET role = $2 WHERE user_id = $1', values: [row.user_id, role] })
    await writeAudit(tx, {
      actor: { role: 'operator' },
      action: role === 'user' ? 'role.revoked' : 'role.granted',
      subject: `user/${row.user_id}`,
      details: { before: row.role, role },
    })
    return { userId: row.user_id, before: row.role }
  })
}
