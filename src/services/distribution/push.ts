import type {
  DistributionPlan,
  FanoutPlan,
  FanoutPosition,
  PushSliceInput,
  PushSliceResult,
} from '../../contracts/photo-fanout.ts'
import { type PhotoId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { FeedHeads } from '../../infra/redis/feed-heads.ts'
import {
  fanoutCompleted,
  fanoutPageWritten,
  whileSliceRuns,
} from '../../observability/distribution-events.ts'
import { complete, keepInFlight } from './completion.ts'
import { giveWayToChanges } from './give-way.ts'
import { collectBatch, writeBatch, type Batch, type BatchCursor, type BatchResult } from './batch.ts'
import { readPlan, type ShardingRule } from './plan.ts'
import { BUCKET_COUNT } from '../../domain/buckets.ts'
import { clearInFlight } from './in-flight-marks.ts'

interface SliceLimits {
  /** A slice ends after this many followers. */
  maxFollowers: number
  /** A slice also ends after this time, so that the workflow sees pauses, cancellations and new versions in between. */
  maxMs: number
}

/** Brings the distribution of a photo in line with its row. Each step may run twice. */
export interface Fanout {
  /** Reads what is owed, and stops readers from merging a photo that does not belong in feeds. */
  planFanout(photoId: PhotoId): Promise<FanoutPlan>
  /**
   * Pushes a photo into the feeds of its owner and some of their enrolled followers, or collects it from there.
   * Repeating it changes nothing.
   * @param onBatch receives the position after each batch that is in Postgres and Redis; may throw to stop
   */
  pushSlice(
    input: PushSliceInput,
    limits: SliceLimits,
    onBatch?: (position: FanoutPosition) => void,
  ): Promise<PushSliceResult>
  /**
   * Records that the plan is carried out; false if the photo has changed.
   * @throws DarkroomError unavailable if the replica lags
   */
  complete(photoId: PhotoId, plan: DistributionPlan): Promise<boolean>
  /** Makes readers merge a photo whose push was paused or cancelled, if it still belongs in feeds. */
  keepInFlight(photoId: PhotoId): Promise<void>
}

export interface FanoutDeps {
  db: Database
  heads: FeedHeads
  /** When and how a push is sharded; never by default. */
  sharding?: ShardingRule
  /** The followers of a batch; tests use small batches to stop between two of them. */
  pageFollowers?: number
}

const NEVER_SHARDED: ShardingRule = { threshold: Infinity, shards: 1 }
/**
 * A batch is one transaction with a share lock on the photo, small enough that an edit waits for it only some 50 ms.
 */
const PAGE_FOLLOWERS = 1_000

/** Pushes photos into feeds and collects them (docs/feed.md). All reads are on the primary. */
export function createFanout({
  db,
  heads,
  sharding = NEVER_SHARDED,
  pageFollowers = PAGE_FOLLOWERS,
}: FanoutDeps): Fanout {
  /** Undefined if the photo has changed since the plan. */
  function runBatch({ photoId, plan }: PushSliceInput, batch: Batch): Promise<BatchResult | undefined> {
    return db.transaction(async (tx) => {
      if (!(await holdsAsPlanned(tx, photoId, plan.version))) return undefined
      const photo = { photoId, score: plan.score, ownerId: plan.ownerId }
      const done = await (plan.desired === 'push' ? writeBatch : collectBatch)(tx, photo, batch)
      // Inside the transaction, so that what the share lock holds off comes after this too. It takes all feeds of the
      // batch, not only those with a new row: a retry inserts nothing, but its heads may still lack the photo.
      if (plan.desired === 'push') await heads.push(done.feeds, photo)
      else await heads.remove(done.feeds, photoId)
      return done
    })
  }

  async function runSlice(
    input: PushSliceInput,
    { maxFollowers, maxMs }: SliceLimits,
    onBatch?: (position: FanoutPosition) => void,
  ): Promise<PushSliceResult> {
    const { photoId, plan, after, lastBucket = BUCKET_COUNT - 1 } = input
    if (!countsInBuckets(plan)) return { outcome: 'replan', position: after }
    const startedAt = performance.now()
    const lastFollower = after.followersSeen + maxFollowers
    let position = after
    for (;;) {
      if (plan.shards > 1) await giveWayToChanges(db.primary, photoId)
      const count = Math.min(pageFollowers, lastFollower - position.followersSeen)
      const batch = await runBatch(input, { after: cursorOf(position), lastBucket, count })
      if (!batch) return { outcome: 'replan', position }
      fanoutPageWritten(plan, { followers: batch.followers, feeds: batch.feeds.length })
      position = {
        afterBucket: batch.last?.bucket ?? position.afterBucket,
        afterFollowerId: batch.last?.followerId ?? position.afterFollowerId,
        followersSeen: position.followersSeen + batch.followers,
        feedsWritten: position.feedsWritten + batch.feeds.length,
      }
      onBatch?.(position)
      if (batch.followers < count) return { outcome: 'done', position }
      if (position.followersSeen >= lastFollower || performance.now() - startedAt >= maxMs) {
        return { outcome: 'more', position }
      }
    }
  }

  return {
    async planFanout(photoId) {
      const plan = await readPlan(db.primary, photoId, sharding)
      if (plan.desired !== 'push') await clearInFlight(db.primary, photoId, 'left feeds')
      return plan
    },
    pushSlice: (input, limits, onBatch) =>
      whileSliceRuns(input.plan.desired, () => runSlice(input, limits, onBatch)),
    async complete(photoId, plan) {
      const completed = countsInBuckets(plan) && (await complete(db, photoId, plan))
      if (completed) fanoutCompleted(plan)
      return completed
    },
    keepInFlight: (photoId) => keepInFlight(db, photoId),
  }
}

/**
 * Whether the plan has the current number of buckets. A plan of an older release would end before the last follower, so
 * it is refused and made again.
 */
function countsInBuckets(plan: DistributionPlan): boolean {
  return plan.buckets === BUCKET_COUNT
}

/**
 * Locks the photo against changes until the transaction ends, so that a narrowing comes after what this one writes.
 * @returns false if the photo has changed since the plan
 */
async function holdsAsPlanned(tx: Transaction, photoId: PhotoId, version: number): Promise<boolean> {
  const rows = await tx.query({
    text: 'SELECT FROM photos WHERE photo_id = $1 AND version = $2 FOR SHARE',
    values: [photoId, version],
  })
  return rows.length === 1
}

function cursorOf(position: FanoutPosition): BatchCursor {
  return { bucket: position.afterBucket, followerId: position.afterFollowerId }
}
