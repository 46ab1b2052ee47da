import type { Database } from '../../infra/db/database.ts'
import { NAME_RESERVED_DAYS } from '../../domain/leaving.ts'
import { accountDeparted } from '../../observability/leaving-events.ts'
import { deleteCounted, type Erased } from './erase/step.ts'

/** No account can have such a name, and it has nothing to do with the one before. */
const TOMBSTONE_NAME = `'~' || user_id`

// What moderation keeps, and comments that stand for the sake of replies, refer to the row; it says nothing any more.
const EMPTY = `
  UPDATE users SET status = 'erased', username = ${TOMBSTONE_NAME}, username_skeleton = NULL, password_hash = '',
    display_name = NULL, bio = NULL, role = 'user', suspended_until = NULL, max_bytes = NULL, max_photos = NULL
  WHERE user_id = $1 AND status = 'erasing'`
const RESERVE = `
  INSERT INTO reserved_usernames (name_hash, until)
  SELECT name_hash, now() + $2 * interval '1 day' FROM account_erasures WHERE erasure_id = $1
  ON CONFLICT (name_hash) DO UPDATE SET until = excluded.until`
const COMPLETE = `
  UPDATE account_erasures SET completed_at = now(), kept_until = now() + $2 * interval '1 day'
  WHERE erasure_id = $1 AND completed_at IS NULL RETURNING 1`
const VERIFIED = `
  INSERT INTO account_erasure_items AS i (erasure_id, store, what, removed, kept, verified_at)
  SELECT $1::uuid, 'postgres', what, 0, CASE what WHEN 'users' THEN 1 ELSE 0 END, now() FROM unnest($2::text[]) AS given (what)
  ON CONFLICT (erasure_id, store, what) DO UPDATE SET kept = excluded.kept, verified_at = excluded.verified_at`

const COUNTS = ['user_counters', 'user_photo_counts', 'user_storage']

/** Empties the account's own row, reserves its name and completes the receipt. May run twice. */
export type CompleteErasure = (account: Erased) => Promise<void>

export const createCompleteErasure =
  ({ db, evidenceDays }: { db: Pick<Database, 'transaction'>; evidenceDays: number }): CompleteErasure =>
  async (account) => {
    const isNews = await db.transaction(async ({ query }) => {
      const { erasureId, userId } = account
      await query({ text: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE', values: [userId] })
      for (const table of COUNTS) {
        const deletion = `DELETE FROM ${table} WHERE user_id = $1 AND $2::int > 0 RETURNING 1`
        await deleteCounted(query, account, { table, deletion, limit: 1 })
      }
      await query({ text: EMPTY, values: [userId] })
      await query({ text: RESERVE, values: [erasureId, NAME_RESERVED_DAYS] })
      await query({ text: VERIFIED, values: [erasureId, ['users', ...COUNTS]] })
      const completed = await query({ text: COMPLETE, values: [erasureId, evidenceDays] })
      return completed.length > 0
    })
    if (isNews) accountDeparted('erased')
  }
