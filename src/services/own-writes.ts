import type { UserId } from '../domain/ids.ts'
import type { Database, Query } from '../infra/db/database.ts'
import type { RedisClient } from '../infra/redis/client.ts'

/** A replica further behind than 1 s is out of rotation; twice that covers the check's own interval. */
const MARK_MS = 2_000

/** Where to read so that an author reads their own writes. */
export interface OwnWrites {
  /** Notes that the user has just written; never throws. */
  mark(userId: UserId): Promise<void>
  /** Whether the user wrote in the last 2 s; true if that cannot be known. */
  hasWritten(userId: UserId): Promise<boolean>
  /** The primary for who has just written; else a replica. */
  readerFor(userId: UserId | undefined): Promise<Query>
}

export function createOwnWrites({ db, redis }: { db: Database; redis: RedisClient }): OwnWrites {
  const keyOf = (userId: UserId) => `wrote:${userId}`
  async function hasWritten(userId: UserId): Promise<boolean> {
    if (redis.status !== 'ready') return true
    return (await redis.exists(keyOf(userId)).catch(() => 1)) === 1
  }

  return {
    async mark(userId) {
      // Without Redis every read of an account goes to the primary anyway.
      await redis.set(keyOf(userId), '1', 'PX', MARK_MS).catch(() => undefined)
    },
    hasWritten,
    async readerFor(userId) {
      return userId !== undefined && (await hasWritten(userId)) ? db.primary : db.replica
    },
  }
}
