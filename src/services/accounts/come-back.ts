import { isAway, type AccountStatus } from '../../domain/access.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { SecurityEventKind } from '../../domain/security-events.ts'
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

// Once it was started, the row stays.
const STOP_ERASURE = `
  DELETE FROM account_erasures WHERE user_id = $1 AND started_at IS NULL AND completed_at IS NULL RETURNING 1`

interface Return {
  event: SecurityEventKind
  outboxIds: string[]
}

/**
 * Brings an account that is away back as it was, within the transaction that signs it in: active, or suspended if decisions that stand
 * ask for it. The account is held, so that a departure at the same time is undone by the sign-in, or ends its session, and that of a
 * sign-in and the start of an erasure exactly one comes first.
 * @returns what the account is to be told of, and the outbox messages to dispatch after the commit; undefined if it was not away
 * @throws DarkroomError erasing if it can no longer be stopped
 */
export async function comeBack(tx: Transaction, userId: UserId): Promise<Return | undefined> {
  const [held] = await tx.query<Pick<UserRow, 'status'>>({
    name: 'account-held',
    text: HOLD,
    values: [userId],
  })
  if (held === undefined || !isAway(held.status)) return undefined
  const outboxIds: string[] = []
  const wasLeaving = held.status !== 'deactivated'
  if (wasLeaving) {
    const stopped = await tx.query({ text: STOP_ERASURE, values: [userId] })
    if (stopped.length === 0)
      throw new DarkroomError('erasing', 'The account is being erased, which cannot be stopped any more.')
    outboxIds.push(await addToOutbox(tx, { kind: 'erasureChanged', payload: { userId } }))
  }
  const [row] = await tx.query<{ status: AccountStatus }>({ text: RETURN, values: [userId] })
  outboxIds.push(await addToOutbox(tx, { kind: 'accountChanged', payload: { userId } }))
  if (row!.status === 'suspended')
    outboxIds.push(await addToOutbox(tx, { kind: 'standingChanged', payload: { userId } }))
  return { event: wasLeaving ? 'erasure_cancelled' : 'account_returned', outboxIds }
}
