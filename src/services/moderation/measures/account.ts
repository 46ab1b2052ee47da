import { isAway } from '../../../domain/access.ts'
import { notFound } from '../../../domain/errors.ts'
import type { UserId } from '../../../domain/ids.ts'
import type { UserRow } from '../../../entities/index.ts'
import type { Transaction } from '../../../infra/db/database.ts'
import { measureUntil } from '../../../infra/db/rules.ts'
import { addToOutbox } from '../../delivery/outbox.ts'

// What moderation does to an account, each inside the transaction of whoever decides it. The trigger of `users` makes a
// suspension a narrowing of all its photos, and accountSync carries it to every store.

type HeldAccount = Pick<UserRow, 'status' | 'suspended_until' | 'hidden_from_explore'> & { now: Date }

const HOLD = `
  SELECT status, suspended_until, hidden_from_explore, clock_timestamp() AS now FROM users
  WHERE user_id = $1 FOR NO KEY UPDATE`

/** Locks an account, as whoever decides on it does before its case, one that is away as well; undefined if it is gone. */
export async function holdAccount(tx: Transaction, userId: UserId): Promise<HeldAccount | undefined> {
  const [row] = await tx.query<HeldAccount>({ text: HOLD, values: [userId] })
  return row
}

/** @throws DarkroomError not_found */
async function hold(tx: Transaction, userId: UserId): Promise<HeldAccount> {
  const row = await holdAccount(tx, userId)
  if (!row) throw notFound('user')
  return row
}

/**
 * Owes accountStanding a signal, after whatever gives or takes a strike or a measure that ends.
 * @returns the outbox message to dispatch after the commit
 */
export function oweStandingReview(tx: Transaction, userId: UserId): Promise<string> {
  return addToOutbox(tx, { kind: 'standingChanged', payload: { userId } })
}

const oweAccountSync = (tx: Transaction, userId: UserId) =>
  addToOutbox(tx, { kind: 'accountChanged', payload: { userId } })

/** When a suspension ends; null if it does not by itself. */
type Until = Date | null

const latest = (one: Until, other: Until): Until => (one && other ? (one > other ? one : other) : null)

async function setStatus(
  tx: Transaction,
  userId: UserId,
  status: 'active' | 'suspended',
  until: Until,
): Promise<void> {
  await tx.query({
    text: 'UPDATE users SET status = $2, suspended_until = $3 WHERE user_id = $1',
    values: [userId, status, until],
  })
}

/**
 * Hides the account and all its photos from everyone else, and lets it do nothing but read its decisions and appeal. A
 * suspension that ends later, or never, is not shortened. An account that is away stays hidden, and is suspended when it comes back
 * (accounts/come-back.ts).
 * @returns the outbox messages to dispatch after the commit
 * @throws DarkroomError not_found
 */
export async function suspendAccount(
  tx: Transaction,
  { userId, until }: { userId: UserId; until: Until },
): Promise<string[]> {
  const { status, suspended_until: before } = await hold(tx, userId)
  if (isAway(status)) return [await oweStandingReview(tx, userId)]
  const isSuspended = status === 'suspended'
  await setStatus(tx, userId, 'suspended', isSuspended ? latest(before, until) : until)
  const outboxIds = [await oweStandingReview(tx, userId)]
  if (!isSuspended) outboxIds.push(await oweAccountSync(tx, userId))
  return outboxIds
}

const STANDING = `SELECT ${measureUntil('$1::bigint', '$2')}::text AS until`

/** What the decisions that stand have against the account; undefined if none has. */
async function standing(
  tx: Transaction,
  userId: UserId,
  action: 'suspend' | 'limit',
): Promise<{ until: Until } | undefined> {
  const [row] = await tx.query<{ until: string | null }>({ text: STANDING, values: [userId, action] })
  const { until } = row!
  return until === null ? undefined : { until: until === 'infinity' ? null : new Date(until) }
}

/**
 * Ends the account's suspension, or shortens it to what the decisions that still stand ask for: whoever reverses a decision
 * marks it as reversed first.
 * @returns the outbox messages to dispatch after the commit; none if nothing changed
 * @throws DarkroomError not_found
 */
export async function liftSuspension(tx: Transaction, userId: UserId): Promise<string[]> {
  const { status, suspended_until: before } = await hold(tx, userId)
  if (status !== 'suspended') return []
  const left = await standing(tx, userId, 'suspend')
  if (left && left.until?.getTime() === before?.getTime()) return []
  await setStatus(tx, userId, left ? 'suspended' : 'active', left?.until ?? null)
  return [left ? await oweStandingReview(tx, userId) : await oweAccountSync(tx, userId)]
}

async function setLimited(tx: Transaction, userId: UserId, isLimited: boolean): Promise<void> {
  await tx.query({
    text: 'UPDATE users SET hidden_from_explore = $2 WHERE user_id = $1',
    values: [userId, isLimited],
  })
}

/**
 * Recommends the account's photos to nobody, and lets it write a tenth as often as others.
 * @throws DarkroomError not_found
 */
export async function limitAccount(tx: Transaction, userId: UserId): Promise<void> {
  const { hidden_from_explore: isLimited } = await hold(tx, userId)
  if (!isLimited) await setLimited(tx, userId, true)
}

/**
 * Takes the limit back unless another decision that stands asks for it: whoever reverses a decision marks it as reversed first.
 * @throws DarkroomError not_found
 */
export async function liftAccountLimit(tx: Transaction, userId: UserId): Promise<void> {
  const { hidden_from_explore: isLimited } = await hold(tx, userId)
  if (isLimited && !(await standing(tx, userId, 'limit'))) await setLimited(tx, userId, false)
}
