import { randomUUID } from 'node:crypto'
import type { UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { createFollows } from '../../../src/services/graph/follows.ts'
import { usernameOf } from './accounts.ts'
import { forgetful } from './outbox.ts'

/** Follows an account, or requests to if it is private. */
export async function follow(db: Database, follower: UserId, followee: UserId): Promise<void> {
  await createFollows({ db, outbox: forgetful(db) }).follow(follower, await usernameOf(db, followee))
}

export async function unfollow(db: Database, follower: UserId, followee: UserId): Promise<void> {
  await createFollows({ db, outbox: forgetful(db) }).unfollow(follower, await usernameOf(db, followee))
}

/**
 * Accounts that follow the author, are enrolled and have nothing to collect. In one statement: thousands of sign-ups, follows
 * and first reads would take minutes.
 */
export async function addFollowers(db: Database, author: UserId, count: number): Promise<UserId[]> {
  const rows = await db.primary<{ user_id: UserId }>({
    text: `
      WITH account AS (
        INSERT INTO users (username, password_hash)
        SELECT $1 || n, 'none' FROM generate_series(1, $2::integer) n RETURNING user_id
      ), following AS (
        INSERT INTO follows (follower_id, followee_id) SELECT user_id, $3::bigint FROM account
      ), enrolled AS (
        INSERT INTO feed_state (user_id, epoch, collected_epoch, enrolled, last_read_at)
        SELECT user_id, 1, 1, true, now() FROM account
      ), counted AS (
        INSERT INTO user_counters (user_id, slot, followers) VALUES ($3, 0, $2)
        ON CONFLICT (user_id, slot) DO UPDATE SET followers = user_counters.followers + $2
      )
      SELECT user_id FROM account ORDER BY user_id`,
    values: [`follower-${randomUUID().slice(0, 8)}-`, count, author],
  })
  return rows.map((row) => row.user_id)
}
