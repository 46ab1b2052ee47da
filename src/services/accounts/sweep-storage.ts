import type { Sweep } from '../../contracts/housekeeping.ts'
import type { UserId } from '../../domain/ids.ts'
import { SweepPosition } from '../../entities/index.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'

const BATCH_ACCOUNTS = 50
/** In one run; a million accounts are compared once in three weeks. */
const MAX_ACCOUNTS = 2_000
const NAME = 'userStorage'

/**
 * Compares what accounts are charged with their photos, a stretch of accounts at a time. Triggers keep the figures exact; this
 * mends what a restored table or an operator's statement has left.
 */
export function sweepStorage(db: Pick<Database, 'primary' | 'transaction'>): Sweep {
  return {
    name: NAME,
    summary: 'Compare what accounts are charged with their photos',
    async run(signal) {
      let corrected = 0
      for (let seen = 0; seen < MAX_ACCOUNTS; seen += BATCH_ACCOUNTS) {
        signal?.throwIfAborted()
        const accounts = await nextAccounts(db.primary)
        if (accounts.length > 0) corrected += await db.transaction((tx) => correct(tx, accounts))
        await keepPosition(db.primary, accounts.length < BATCH_ACCOUNTS ? '' : accounts.at(-1)!)
        if (accounts.length < BATCH_ACCOUNTS) break
      }
      return corrected
    },
  }
}

async function nextAccounts(primary: Query): Promise<UserId[]> {
  const rows = await primary<{ user_id: UserId }>({
    text: `SELECT user_id FROM user_storage
      WHERE user_id > coalesce((SELECT nullif(position, '')::bigint FROM sweep_positions WHERE name = $1), 0)
      ORDER BY user_id LIMIT $2`,
    values: [NAME, BATCH_ACCOUNTS],
  })
  return rows.map((row) => row.user_id)
}

/**
 * Whoever writes a photo takes the account's row last and holds it until the commit: under the lock, the photos that are seen are
 * those that have been charged.
 */
async function correct({ query }: Transaction, accounts: readonly UserId[]): Promise<number> {
  await query({
    text: 'SELECT FROM user_storage WHERE user_id = ANY ($1::bigint[]) ORDER BY user_id FOR NO KEY UPDATE',
    values: [accounts],
  })
  const corrected = await query({
    text: `UPDATE user_storage s SET bytes = actual.bytes, photos = actual.photos
      FROM (
        SELECT u.user_id, coalesce(sum(p.bytes), 0)::bigint AS bytes, count(p.photo_id) AS photos
        FROM unnest($1::bigint[]) AS u (user_id)
        LEFT JOIN photos p ON p.owner_id = u.user_id AND occupies_storage(p.status)
        GROUP BY u.user_id) actual
      WHERE s.user_id = actual.user_id AND (s.bytes, s.photos) IS DISTINCT FROM (actual.bytes, actual.photos)
      RETURNING s.user_id`,
    values: [accounts],
  })
  return corrected.length
}

async function keepPosition(primary: Query, position: string): Promise<void> {
  await run(
    primary,
    insertRow(SweepPosition, { name: NAME, position }).onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ position }),
    ),
  )
}
