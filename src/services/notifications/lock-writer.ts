import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

const LOCK_WRITER = `
  SELECT pg_advisory_xact_lock(hashtextextended('notifications/' || notification_writer($1::bigint), 0))`

/**
 * Holds the notifications of all accounts of a writer until the transaction ends. Whoever writes or marks them takes it
 * first, so that `latest_at` never goes back and nobody waits for a row that another one holds.
 * @param of the writer, or one of its accounts
 */
export async function lockWriter(tx: Pick<Transaction, 'query'>, of: number | UserId): Promise<void> {
  await tx.query({ name: 'notifications-lock', text: LOCK_WRITER, values: [of] })
}
