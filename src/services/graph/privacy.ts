import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

/**
 * Keeps an account as private, or as public, as it is until the transaction ends. Taken before any feed is locked.
 * @returns whether it is private
 */
export async function holdPrivacy(tx: Transaction, userId: UserId): Promise<boolean> {
  const [account] = await tx.query<{ is_private: boolean }>({
    text: 'SELECT is_private FROM users WHERE user_id = $1 FOR SHARE',
    values: [userId],
  })
  return account?.is_private ?? false
}
