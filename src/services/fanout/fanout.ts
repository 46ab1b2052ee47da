import type {
  FanoutPlan,
  FanoutPosition,
  PushSliceInput,
  PushSliceResult,
} from '../../contracts/photo-fanout.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import { belongsInFeeds, type PhotoStatus, type Visibility } from '../../domain/visibility.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { FeedHeads } from '../../infra/redis/feed-heads.ts'
import { writePage, type PageCursor } from './page.ts'

export interface SliceLimits {
  /** A slice ends after so many followers … */
  maxFollowers: number
  /** … or so much time, so that the workflow sees pause, cancel and new versions in between. */
  maxMs: number
}

export interface Fanout {
  planFanout(photoId: PhotoId): Promise<FanoutPlan>
  /**
   * Pushes a photo into the feeds of some of its owner's enrolled followers, and of the owner. Doing it again changes
   * nothing.
   * @param onPage told where the push stands after each page that is in Postgres and Redis; may throw to stop
   */
  pushSlice(
    input: PushSliceInput,
    limits: SliceLimits,
    onPage?: (position: FanoutPosition) => void,
  ): Promise<PushSliceResult>
}

export interface FanoutDeps {
  db: Database
  heads: FeedHeads
}

/** A page is one transaction and holds a share lock on the photo: few enough followers that an edit waits some 50 ms. */
const PAGE_FOLLOWERS = 1_000

/** Pushing photos into feeds (feed.md, Push). All reads are on the primary. */
export function createFanout({ db, heads }: FanoutDeps): Fanout {
  return {
    async planFanout(photoId) {
      const [photo] = await db.primary<PhotoRow>({ name: 'fanout-plan', text: PLAN, values: [photoId] })
      // A photo that left feeds needs nothing: readers filter it. Collecting what is left of it has its place here.
      if (!photo || !belongsInFeeds(photo)) return { desired: 'none' }
      return {
        desired: 'push',
        version: photo.version,
        accessEpoch: photo.access_epoch,
        score: Number(photo.score),
        ownerId: photo.owner_id,
        followers: Number(photo.followers),
      }
    },

    async pushSlice({ photoId, plan, after }, { maxFollowers, maxMs }, onPage) {
      const startedAt = performance.now()
      const lastFollower = after.followersSeen + maxFollowers
      let position = after
      for (;;) {
        const followers = Math.min(PAGE_FOLLOWERS, lastFollower - position.followersSeen)
        const page = await db.transaction(async (tx) => {
          if (!(await holdsAsPlanned(tx, photoId, plan.version))) return undefined
          const photo = { photoId, score: plan.score, ownerId: plan.ownerId }
          const written = await writePage(tx, photo, cursorOf(position), followers)
          // Inside the transaction, so that what the share lock holds off comes after this too. The list is the page,
          // not what was inserted: a retry inserts nothing, but its heads may still lack the photo.
          await heads.push(written.feeds, photo)
          return written
        })
        if (!page) return { outcome: 'replan', position }
        position = {
          afterBucket: page.last?.bucket ?? position.afterBucket,
          afterFollowerId: page.last?.followerId ?? position.afterFollowerId,
          followersSeen: position.followersSeen + page.followers,
          feedsWritten: position.feedsWritten + page.feeds.length,
        }
        onPage?.(position)
        if (page.followers < followers) return { outcome: 'done', position }
        if (position.followersSeen >= lastFollower || performance.now() - startedAt >= maxMs) {
          return { outcome: 'more', position }
        }
      }
    },
  }
}

interface PhotoRow {
  version: number
  access_epoch: number
  owner_id: UserId
  status: PhotoStatus
  visibility: Visibility
  score: string
  followers: string
}

const PLAN = `
  SELECT p.version, p.access_epoch, p.owner_id, p.status, p.visibility, p.score,
    (SELECT coalesce(sum(c.followers), 0) FROM user_counters c WHERE c.user_id = p.owner_id) AS followers
  FROM photos p WHERE p.photo_id = $1`

/** Locks the photo against changes until the transaction ends, so that a narrowing comes after what this one writes. */
async function holdsAsPlanned(tx: Transaction, photoId: PhotoId, version: number): Promise<boolean> {
  const rows = await tx.query({
    text: 'SELECT FROM photos WHERE photo_id = $1 AND version = $2 FOR SHARE',
    values: [photoId, version],
  })
  return rows.length === 1
}

function cursorOf(position: FanoutPosition): PageCursor {
  return { bucket: position.afterBucket, followerId: position.afterFollowerId }
}
