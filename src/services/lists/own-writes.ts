import { viewerKey, type Viewer } from '../../domain/viewer.ts'
import type { Database } from '../../infra/db/database.ts'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import type { RedisClient } from '../../infra/redis/client.ts'
import type { Reader } from './list-read.ts'

/** A replica further behind than 1 s is out of rotation; twice that covers the check's own interval. */
const MARK_MS = 2_000

/** Decides where to read so that authors see their own writes. */
export interface OwnWrites {
  /**
   * Records that the account has just written, or that the share link was just made; never throws.
   * @param key of the viewer: an account's is its id
   */
  mark(key: string): Promise<void>
  /**
   * Where the viewer reads: the primary for an account that wrote in the last 2 s or may have, and through a link that was
   * made then; else a replica.
   */
  readerFor<V extends Viewer>(viewer: V): Promise<Reader<V>>
}

export interface OwnWritesDeps {
  db: Database
  redis: RedisClient
  breaker: RedisBreaker
}

export function createOwnWrites({ db, redis, breaker }: OwnWritesDeps): OwnWrites {
  const keyOf = (viewer: string) => `wrote:${viewer}`
  async function hasWritten(viewer: Viewer): Promise<boolean> {
    const key = keyOf(viewerKey(viewer))
    return breaker
      .whileAnswering(key, () => redis.exists(key))
      .then(
        (count) => count === 1,
        () => true,
      )
  }

  return {
    async mark(viewer) {
      const key = keyOf(viewer)
      // Sent even to a server that does not answer, for it may do so before the 2 s are over. Until then every read of an
      // account goes to the primary anyway.
      const sent = redis.set(key, '1', 'PX', MARK_MS)
      sent.catch(() => undefined)
      await breaker.whileAnswering(key, () => sent).catch(() => undefined)
    },
    async readerFor(viewer) {
      const readYourWrites = viewer.kind !== 'anonymous' && (await hasWritten(viewer))
      return { viewer, query: readYourWrites ? db.primary : db.replica, readYourWrites }
    },
  }
}
