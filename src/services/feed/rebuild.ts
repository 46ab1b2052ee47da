import type { UserId } from '../../domain/ids.ts'
import { createSingleFlight } from '../../infra/concurrency/single-flight.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { walPosition } from '../../infra/db/replica.ts'
import type { FeedHeads, HeadSlice } from '../../infra/redis/feed-heads.ts'
import { feedHeadRebuilt } from '../../observability/feed-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { enrol } from '../distribution/feed-state.ts'
import { readSnapshot } from './pull.ts'

/** How long the replica may take to reach the position of the primary before the primary is read instead. */
const REPLAY_WAIT_MS = 100
/** Heads that a process rebuilds at once; other cold readers pull, which spares the primary. */
const MAX_REBUILDS = 16

export interface RebuildDeps {
  db: Database
  heads: FeedHeads
  logger: Logger
}

export interface Rebuilds {
  /**
   * Makes the user's head warm. A process runs one rebuild for each user; other callers wait for it.
   * @param epoch a warm head of an older epoch is replaced
   * @returns what the head was built from; `joined` for a caller that waited and should read the head again; undefined
   *   if another process builds it, too many builds are running, or it failed
   */
  rebuild(userId: UserId, epoch: number): Promise<HeadSlice | 'joined' | undefined>
  /** Resolves when no rebuild is under way. */
  idle(): Promise<void>
}

/** Rebuilds heads (docs/feed.md). */
export function createRebuilds({ db, heads, logger }: RebuildDeps): Rebuilds {
  const underWay = createSingleFlight<UserId, HeadSlice | undefined>(MAX_REBUILDS)

  async function build(userId: UserId, epoch: number): Promise<HeadSlice | undefined> {
    // Committed first, so that either the snapshot below finds a photo or its fanout finds the user enrolled.
    await enrol(db.primary, userId)
    const begun = await heads.beginBuild(userId, epoch)
    if (begun === 'warm' || begun === 'building') {
      feedHeadRebuilt('taken')
      return undefined
    }
    // From here on pushes land in the head, so only what was committed before has to be read.
    const snapshot = await readSnapshot(await currentQuery(db), userId, heads.maxItems + 1)
    if (!snapshot.enrolled) {
      feedHeadRebuilt('lost')
      return undefined
    }
    const slice = {
      epoch: snapshot.epoch,
      floor: snapshot.items[heads.maxItems]?.score ?? 0,
      items: snapshot.items.slice(0, heads.maxItems),
    }
    // If this is refused or fails, the head stays cold; the snapshot itself is as good as a pull.
    const finished = await heads.finishBuild(userId, begun, slice).catch((error: unknown) => {
      logger.warn({ err: error, userId }, 'feed head not finished')
      return undefined
    })
    feedHeadRebuilt(finished === undefined ? 'failed' : finished ? 'built' : 'lost')
    return slice
  }

  return {
    async rebuild(userId, epoch) {
      const other = underWay.current(userId)
      if (other) return (await other) && 'joined'
      if (underWay.isFull()) {
        feedHeadRebuilt('busy')
        return undefined
      }
      return underWay.begin(userId, () =>
        build(userId, epoch).catch((error: unknown) => {
          logger.warn({ err: error, userId }, 'feed head not rebuilt')
          feedHeadRebuilt('failed')
          return undefined
        }),
      )
    },
    idle: () => underWay.idle(),
  }
}

/**
 * A server where everything acknowledged until now can be read: the replica once it has replayed it, else the primary.
 */
async function currentQuery(db: Database): Promise<Query> {
  if (!db.rotation.inRotation()) return db.primary
  const position = await walPosition(db.primary)
  const reached = await db.rotation.waitForReplay(position, REPLAY_WAIT_MS).catch(() => false)
  return reached ? db.replica : db.primary
}
