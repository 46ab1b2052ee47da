import type { UserId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { accountOnly, accountVisibleTo } from '../../infra/db/rules.ts'
import { lockFeedStates } from '../distribution/feed-state.ts'
import { insertEdges } from './edges.ts'
import { holdPrivacy } from './privacy.ts'

/** Follows made by one transaction, which locks as many feeds meanwhile: some 90 ms. */
const MAX_APPROVED = 500

// Those of suspended, deactivated or blocked accounts stay as they are.
const requestsThatWait = `
  SELECT r.follower_id FROM follow_requests r JOIN users u ON u.user_id = r.follower_id
  WHERE r.followee_id = $1 AND ${accountVisibleTo('u', accountOnly('$1::bigint'))}`

// Plan: follow_requests_received_idx backwards, so that those who have waited longest come first.
const WAITING = `${requestsThatWait} ORDER BY r.created_at, r.follower_id LIMIT $2`

// Plan: follow_requests_pkey.
const STILL_WAITING = `${requestsThatWait} AND r.follower_id = ANY ($2::bigint[])`

/**
 * Approves up to `limit` requests of those who have waited longest to follow an account. The caller holds its row, and
 * knows that it is public from now on.
 * @returns how many were approved; 0 once none is left
 */
export async function approveWaiting(tx: Transaction, userId: UserId, limit = MAX_APPROVED): Promise<number> {
  for (;;) {
    const waiting = await followersOf(tx, WAITING, userId, limit)
    if (waiting.length === 0) return 0
    await lockFeedStates(tx, ...waiting)
    const stillWaiting = await followersOf(tx, STILL_WAITING, userId, waiting)
    if (stillWaiting.length > 0) {
      await insertEdges(tx, userId, stillWaiting)
      return stillWaiting.length
    }
    // All of them were withdrawn before the locks were had; others may wait.
  }
}

async function followersOf(
  tx: Transaction,
  text: string,
  userId: UserId,
  second: unknown,
): Promise<UserId[]> {
  const rows = await tx.query<{ follower_id: UserId }>({ text, values: [userId, second] })
  return rows.map((row) => row.follower_id)
}

/**
 * The same in a transaction of its own, for what the one that made the account public could not do.
 * @returns 0 also while the account is private
 */
export function createApproveWaiting({ db, limit = MAX_APPROVED }: { db: Database; limit?: number }) {
  return (userId: UserId): Promise<number> =>
    db.transaction(async (tx) => ((await holdPrivacy(tx, userId)) ? 0 : approveWaiting(tx, userId, limit)))
}
