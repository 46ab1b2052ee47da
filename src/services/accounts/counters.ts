import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

const SLOTS = 16

/** By how much a user's counters change. */
export interface CounterChange {
  userId: UserId
  followers?: number
  following?: number
  photos?: number
}

/**
 * Changes counters within the transaction that changes what they count. Each change goes to a random one of the user's
 * 16 slots, so that a celebrity's row is not hot; all rows are taken in (user, slot) order, so that no two transactions
 * wait for each other.
 */
export async function changeCounters(tx: Transaction, changes: readonly CounterChange[]): Promise<void> {
  const rows = changes
    .map((change) => ({ ...change, slot: Math.floor(Math.random() * SLOTS) }))
    .sort((a, b) => (BigInt(a.userId) < BigInt(b.userId) ? -1 : 1))
  for (const { userId, slot, followers = 0, following = 0, photos = 0 } of rows) {
    await tx.query({
      text: `INSERT INTO user_counters (user_id, slot, followers, following, photos) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id, slot) DO UPDATE SET
               followers = user_counters.followers + excluded.followers,
               following = user_counters.following + excluded.following,
               photos = user_counters.photos + excluded.photos`,
      values: [userId, slot, followers, following, photos],
    })
  }
}
