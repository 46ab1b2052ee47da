import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

/** Keeps an account as private, or as public, as it is until the transaction ends. Taken before any feed is locked. */
export async function holdPrivacy(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({ text: 'SELECT FROM users WHERE user_id = $1 FOR SHARE', values: [userId] })
}
