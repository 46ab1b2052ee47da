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
 * How many photos are stored at once: 50 pages of 20, five heads. Measured for a user following 5,000: 45 ms on the primary,
 * most of it the probes that any pull of theirs takes; 5,000 photos would take 137 ms, for pages that hardly anyone reads.
 */
const ROWS = 1_000
/**
 * From how many followees on rows are worth storing. Measured, a deep page of 20: out of rows 0.5 ms whoever it is, by pull
 * 0.7 ms following 100, 2.5 ms following 1,000, 32 ms following 5,000.
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
  /** Only the tier that is always right. */
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

  /** In the background: this read is served by pull already. */
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
