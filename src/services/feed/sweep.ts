import { setTimeout as delay } from 'node:timers/promises'
import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { RedisClient } from '../../infra/redis/client.ts'
import { headKey } from '../../infra/redis/feed-heads.ts'
import { feedRowsCollected, feedsUnenrolled } from '../../observability/feed-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { sweepBatch, type SweepPosition } from './sweep-rows.ts'

/** Users un-enrolled by one statement. */
const UNENROL_BATCH = 200
/** Users with possibly outdated rows that one statement looks up. */
const USERS_BATCH = 100
/** Comes before every user. */
const FIRST_USER: UserId = '0'
/** A sweep ends after this long, before its activity times out; the next one continues. */
const SWEEP_MS = 8 * 60_000

export interface FeedSweepDeps {
  db: Database
  redis: RedisClient
  /** Users who have not read for this long are no longer pushed to. */
  unenrolDays: number
  logger: Logger
}

/**
 * Sweeps over stored feeds. Each resolves with how many users or rows it processed, and stops when the signal aborts.
 * It may run twice, even at the same time.
 */
export interface FeedSweep {
  unenrolInactive(signal?: AbortSignal): Promise<number>
  /** Deletes outdated rows of users whose epoch has moved since the last sweep, in slow batches. */
  sweepRows(signal?: AbortSignal): Promise<number>
}

export function createFeedSweep(deps: FeedSweepDeps): FeedSweep {
  const { db, redis, unenrolDays, logger } = deps

  /** Checks again under locks, then un-enrols: an earlier read keeps the user, and a later one enrols them again. */
  async function unenrolBatch(): Promise<UserId[]> {
    // Commits like a narrowing: pushes must not skip the user while anyone may read the old epoch on a replica.
    const rows = await db.transaction(
      (tx) =>
        tx.query<{ user_id: UserId }>({
          text: `UPDATE feed_state SET enrolled = false, epoch = epoch + 1, rows_epoch = NULL, rows_from = NULL
                 WHERE user_id IN (
                   SELECT user_id FROM feed_state
                   WHERE enrolled AND last_read_at < now() - $1::integer * interval '1 day'
                   ORDER BY last_read_at LIMIT $2 FOR UPDATE SKIP LOCKED)
                 RETURNING user_id`,
          values: [unenrolDays, UNENROL_BATCH],
        }),
      { narrows: true },
    )
    return rows.map((row) => row.user_id)
  }

  async function usersToSweep(after: UserId): Promise<UserId[]> {
    const rows = await db.primary<{ user_id: UserId }>({
      text: `SELECT user_id FROM feed_state WHERE epoch <> collected_epoch AND user_id > $1
             ORDER BY user_id LIMIT $2`,
      values: [after, USERS_BATCH],
    })
    return rows.map((row) => row.user_id)
  }

  /**
   * A random user to begin with. If every sweep began with the first user, the last ones might never have their turn.
   */
  async function anywhere(): Promise<UserId> {
    const [row] = await db.primary<{ user_id: UserId }>({
      text: `SELECT floor(random() * coalesce(max(user_id), 0))::bigint AS user_id FROM feed_state`,
    })
    return row!.user_id
  }

  /** Sweeps all rows of one user, in a short transaction for each batch. */
  async function sweepUser(userId: UserId, isTimeUp: () => boolean): Promise<number> {
    let deleted = 0
    for (let position: SweepPosition | undefined; !isTimeUp();) {
      const startedAt = performance.now()
      const from = position
      const batch = await db.transaction((tx) => sweepBatch(tx, userId, from))
      deleted += batch.deleted
      feedRowsCollected(batch.deleted)
      if (!batch.next) break
      position = batch.next
      // Leaves half of the time to others.
      await delay(performance.now() - startedAt)
    }
    return deleted
  }

  return {
    async unenrolInactive(signal) {
      const deadline = performance.now() + SWEEP_MS
      let count = 0
      for (;;) {
        signal?.throwIfAborted()
        const users = await unenrolBatch()
        count += users.length
        feedsUnenrolled(users.length)
        // The heads are void by their epoch; deleting them frees memory. `sweepRows` deletes the rows.
        await Promise.all(users.map((userId) => redis.unlink(headKey(userId)))).catch((error: unknown) => {
          logger.warn({ err: error }, 'heads of un-enrolled users are left to expire')
        })
        if (users.length < UNENROL_BATCH || performance.now() >= deadline) return count
      }
    },

    async sweepRows(signal) {
      const deadline = performance.now() + SWEEP_MS
      const isTimeUp = () => signal?.aborted === true || performance.now() >= deadline
      let deleted = 0
      for (let after of [await anywhere(), FIRST_USER]) {
        for (let users = await usersToSweep(after); users.length > 0; users = await usersToSweep(after)) {
          for (const userId of users) {
            deleted += await sweepUser(userId, isTimeUp)
            signal?.throwIfAborted()
            if (isTimeUp()) return deleted
            after = userId
          }
        }
      }
      return deleted
    },
  }
}
