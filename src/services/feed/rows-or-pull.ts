import type { FeedPosition, FeedScan } from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import { createSharedReads } from '../../infra/concurrency/shared-reads.ts'
import { createSingleFlight } from '../../infra/concurrency/single-flight.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { feedPartRead } from '../../observability/feed-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { pullFeed } from './pull.ts'
import { materialise, readRows } from './rows.ts'

/**
 * How many photos are stored at once: 50 pages of 20, five heads. Measured for a user who follows 5,000: 45 ms on the
 * primary, most of it for the probes of any pull of theirs. 5,000 photos would take 137 ms, for pages that hardly
 * anyone reads.
 */
const ROWS = 1_000
/**
 * The number of followees from which rows are worth storing. Measured for a deep page of 20: 0.5 ms from rows for
 * everyone; by pull 0.7 ms for 100 followees, 2.5 ms for 1,000 and 32 ms for 5,000.
 */
const MIN_FOLLOWING = 1_000
/** Feeds whose rows a process stores at once; other deep readers pull. */
const MAX_MATERIALISING = 2

export interface RowsOrPullOptions {
  rows?: number
  minFollowing?: number
}

export interface RowsOrPullDeps extends RowsOrPullOptions {
  db: Database
  logger: Logger
}

/** The tiers below the head: rows as far as they are complete, else pull. */
export interface RowsOrPull {
  /** At most `count` photos below `position`. */
  read(query: Query, userId: UserId, position: FeedPosition | undefined, count: number): Promise<FeedScan>
  /** Pulls without looking at the rows, which is always right. */
  pull(query: Query, userId: UserId, position: FeedPosition | undefined, count: number): Promise<FeedScan>
  /** Resolves when no rows are being stored in the background. */
  idle(): Promise<void>
}

export function createRowsOrPull({
  db,
  logger,
  rows = ROWS,
  minFollowing = MIN_FOLLOWING,
}: RowsOrPullDeps): RowsOrPull {
  const share = createSharedReads()
  const materialising = createSingleFlight<UserId, unknown>(MAX_MATERIALISING)

  const pull: RowsOrPull['pull'] = (query, userId, position, count) => {
    feedPartRead('pull')
    const { score, photoId } = position ?? {}
    const key = [query === db.primary, userId, score, photoId, count].join()
    return share(key, () => pullFeed(query, userId, position, count))
  }

  /** Stores the rows in the background; the current read is already served by pull. */
  function beginMaterialising(userId: UserId): void {
    if (materialising.current(userId) || materialising.isFull()) return
    void materialising.begin(userId, () =>
      materialise(db.primary, userId, rows).catch((error: unknown) =>
        logger.warn({ err: error, userId }, 'feed rows not stored'),
      ),
    )
  }

  return {
    pull,
    async read(query, userId, position, count) {
      const { scan, following } = await readRows(query, userId, position, count)
      if (!scan) {
        if (following >= minFollowing) beginMaterialising(userId)
        return pull(query, userId, position, count)
      }
      const { candidates, end } = scan
      if (candidates.length > 0 || end) feedPartRead('rows')
      if (end || candidates.length === count) return scan
      const rest = await pull(query, userId, candidates.at(-1) ?? position, count - candidates.length)
      return { candidates: [...candidates, ...rest.candidates], end: rest.end }
    },
    idle: () => materialising.idle(),
  }
}
