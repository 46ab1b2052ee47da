import type { Query } from '../../src/infra/db/database.ts'
import type { UserId } from '../../src/domain/ids.ts'

export interface BulkFollowers {
  followers: number
  /** How many of them have read their feed recently, and so are pushed to. */
  enrolled: number
}

/** Rows per statement, so that none hits the statement timeout. */
const BATCH = 20_000

/**
 * Gives an account followers directly in the database, as no API takes hundreds of thousands: accounts that nobody can
 * sign in to, with their follows and feed states, and the author's counter.
 * @param onBatch told how many there are after each batch
 * @returns ids of those that are enrolled, in order
 */
export async function followInBulk(
  primary: Query,
  username: string,
  { followers, enrolled }: BulkFollowers,
  onBatch: (count: number) => void = () => undefined,
): Promise<UserId[]> {
  const enrolledIds: UserId[] = []
  for (let from = 0; from < followers; from += BATCH) {
    const count = Math.min(BATCH, followers - from)
    const ofThese = Math.max(0, Math.min(count, enrolled - from))
    const rows = await primary<{ user_id: UserId }>({
      text: `
        WITH author AS (
          SELECT user_id FROM users WHERE username = $1::text
        ), account AS (
          INSERT INTO users (username, password_hash)
          SELECT $1::text || '.fan' || ($2::integer + n), '-' FROM generate_series(1, $3::integer) n
          RETURNING user_id
        ), numbered AS (
          SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM account
        ), following AS (
          INSERT INTO follows (follower_id, followee_id)
          SELECT account.user_id, author.user_id FROM account CROSS JOIN author
        ), states AS (
          INSERT INTO feed_state (user_id, epoch, enrolled, last_read_at)
          SELECT user_id, 1, n <= $4::integer, CASE WHEN n <= $4::integer THEN now() END FROM numbered
        ), counted AS (
          INSERT INTO user_counters (user_id, slot, followers) SELECT user_id, 0, $3::integer FROM author
          ON CONFLICT (user_id, slot) DO UPDATE SET followers = user_counters.followers + $3::integer
        )
        SELECT user_id FROM numbered WHERE n <= $4::integer ORDER BY user_id`,
      values: [username, from, count, ofThese],
    })
    enrolledIds.push(...rows.map((row) => row.user_id))
    onBatch(from + count)
  }
  return enrolledIds
}
