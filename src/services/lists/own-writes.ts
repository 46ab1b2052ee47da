import type { UserId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Database } from '../../infra/db/database.ts'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import type { RedisClient } from '../../infra/redis/client.ts'
import type { Reader } from './list-read.ts'

/** A replica further behind than 1 s is out of rotation; twice that covers the check's own interval. */
const MARK_MS = 2_000

/** Decides where to read so that authors see their own writes. */
export interface OwnWrites {
  /** Records that the user has just written; never throws. */
  mark(userId: UserId): Promise<void>
  /**
   * Where the viewer reads: the primary for an account that wrote in the last 2 s or may have, else a
   * replica.
   */
  readerFor<V extends Viewer>(viewer: V): Promise<Reader<V>>
}

export interface OwnWritesDeps {
  db: Database
  redis: RedisClient
  breaker: RedisBreaker
}

export function createOwnWrites({ db, redis, breaker }: OwnWritesDeps): OwnWrites {
  const keyOf = (userId: UserId) => `wrote:${userId}`
  async function hasWritten(userId: UserId): Promise<boolean> {
    const key = keyOf(userId)
    return breaker
      .whileAnswering(key, () => redis.exists(key))
      .then(
        (count) => count === 1,
        () => true,
      )
  }

  return {
    async mark(userId) {
      const key = keyOf(userId)
      // Sent even to a server that does not answer, for it may do so before the 2 s are over. Until then every read of an
      // account goes to the primary anyway.
      const sent = redis.set(key, '1', 'PX', MARK_MS)
      sent.catch(() => undefined)
      await breaker.whileAnswering(key, () => sent).catch(() => undefined)
    },
    async readerFor(viewer) {
      const userId = viewerUserId(viewer)
      const readYourWrites = userId !== null && (await hasWritten(userId))
      return { viewer, query: readYourWrites ? db.primary : db.replica, readYourWrites }
    },
  }
}
