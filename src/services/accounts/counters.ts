import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { changeSlotCounters, type CounterTable } from '../../infra/db/slot-counters.ts'

/** The changes to a user's counters. Their photos are counted by triggers (user_photo_counts). */
export interface CounterChange {
  userId: UserId
  followers?: number
  following?: number
}

const USER_COUNTERS = {
  table: 'user_counters',
  key: 'user_id',
  keyType: 'bigint',
  columns: ['followers', 'following'],
} as const satisfies CounterTable<string>

/** Changes users' counters within the transaction that changes what they count. */
export async function changeCounters(tx: Transaction, changes: readonly CounterChange[]): Promise<void> {
  await changeSlotCounters(
    tx,
    USER_COUNTERS,
    changes.map(({ userId, ...amounts }) => ({ key: userId, ...amounts })),
  )
}
