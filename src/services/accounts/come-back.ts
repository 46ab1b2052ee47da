import type { AccountStatus } from '../../domain/access.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { measureUntil } from '../../infra/db/rules.ts'
import { addToOutbox } from '../delivery/outbox.ts'

const HOLD = 'SELECT status FROM users WHERE user_id = $1 FOR NO KEY UPDATE'

// Moderation decides on accounts that are away as on others: what stands of it applies now.
const RETURN = `
  UPDATE users u SET status = CASE WHEN m.until IS NULL THEN 'active' ELSE 'suspended' END,
    suspended_until = nullif(m.until, 'infinity')
  FROM (SELECT ${measureUntil('$1::bigint', "'suspend'")} AS until) m
  WHERE u.user_id = $1 RETURNING u.status`

/**
 * Brings a deactivated account back as it was, within the transaction that signs it in: active, or suspended if decisions that stand
 * ask for it. The account is held, so that a deactivation at the same time is undone by the sign-in, or ends its session.
 * @returns the outbox messages to dispatch after the commit; none if it was not away
 */
export async function comeBack(tx: Transaction, userId: UserId): Promise<string[]> {
  const [held] = await tx.query<Pick<UserRow, 'status'>>({
    name: 'account-held',
    text: HOLD,
    values: [userId],
  })
  if (held?.status !== 'deactivated') return []
  const [row] = await tx.query<{ status: AccountStatus }>({ text: RETURN, values: [userId] })
  const outboxIds = [await addToOutbox(tx, { kind: 'accountChanged', payload: { userId } })]
  if (row!.status === 'suspended')
    outboxIds.push(await addToOutbox(tx, { kind: 'standingChanged', payload: { userId } }))
  return outboxIds
}
