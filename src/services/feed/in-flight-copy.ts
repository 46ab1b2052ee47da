import { isBelow, type FeedPosition } from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import type { InFlightRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { feedable, inCircle } from '../../infra/db/rules.ts'
import { photoInFlightMerged } from '../../observability/distribution-events.ts'
import { inFlightPolled } from '../../observability/feed-events.ts'
import type { Logger } from '../../observability/logger.ts'
import type { InFlightPhoto } from '../distribution/in-flight-marks.ts'
import { pullValues } from './pull.ts'

const POLL_MS = 250
/** A copy older than this may lack photos that must already be visible. */
const MAX_AGE_MS = 2_000

// A photo that was narrowed meanwhile is still marked until its fanout has seen it.
const POLL = `
  SELECT f.photo_id, f.owner_id, f.score, extract(epoch FROM clock_timestamp() - f.since)::float8 AS age_seconds
  FROM in_flight f JOIN photos p USING (photo_id)
  WHERE ${feedable('p')} ORDER BY f.score DESC, f.photo_id DESC`

/** This process's copy of the photos in flight. */
export interface InFlightCopy {
  /**
   * Newest first. A reader takes it *before* it reads the head, so that a photo that has left it in between is in the
   * head. Undefined at the beginning, and when the primary has not answered for 2 s: only a pull is certain then.
   */
  photos(): readonly InFlightPhoto[] | undefined
  /** Reads the copy again; when it resolves, {@link photos} includes all that was committed before the call. */
  refresh(): Promise<void>
  /** Starts polling. */
  start(): void
  stop(): void
}

export interface InFlightCopyDeps {
  db: { primary: Query }
  logger: Logger
  pollMs?: number
  maxAgeMs?: number
}

/**
 * Polls the photos in flight from the primary. While that does not answer, the last copy is used for a while. One photo
 * too many in it is harmless, because readers leave out photos that they already have.
 */
export function createInFlightCopy({
  db,
  logger,
  pollMs = POLL_MS,
  maxAgeMs = MAX_AGE_MS,
}: InFlightCopyDeps): InFlightCopy {
  let copy: readonly InFlightPhoto[] | undefined
  let asOf = -Infinity
  let timer: NodeJS.Timeout | undefined
  let running = false

  async function refresh(): Promise<void> {
    const askedAt = performance.now()
    const rows = await db.primary<MarkedRow & { age_seconds: number }>({ name: 'feed-in-flight', text: POLL })
    const before = copy && new Set(copy.map(({ photoId }) => photoId))
    copy = rows.map(toInFlight)
    asOf = askedAt
    inFlightPolled(copy.length, Math.max(0, ...rows.map((row) => row.age_seconds)))
    // Photos in the first poll may have been in flight since before this process started, so they are not measured.
    for (const row of rows) if (before && !before.has(row.photo_id)) photoInFlightMerged(row.age_seconds)
  }

  async function poll(): Promise<void> {
    await refresh().catch((error: unknown) => logger.warn({ err: error }, 'photos in flight not polled'))
    if (running) timer = setTimeout(() => void poll(), pollMs).unref()
  }

  return {
    photos: () => (performance.now() - asOf <= maxAgeMs ? copy : undefined),
    refresh,
    start() {
      if (running) return
      running = true
      void poll()
    },
    stop() {
      running = false
      clearTimeout(timer)
    },
  }
}

/** Photos that may have to be merged into a part of a feed. */
export interface Flying {
  /** Newest first. */
  photos: readonly InFlightPhoto[]
  /** Whether these are all photos in flight below the start of that part. */
  isAll: boolean
}

/**
 * Up to this many photos are merged whoever their owners are; of more, those of the viewer's circle are looked up
 * first.
 */
const MAX_UNKNOWN_OWNERS = 100

/**
 * The photos in flight below `position` that may be in the viewer's feed. Must be called before the head is read.
 * @param query the server that the page is read from: photos that have left `in_flight` there are in its rows, and in
 *   the heads
 */
export async function inFlightBelow(
  copy: readonly InFlightPhoto[],
  query: Query,
  viewerId: UserId,
  position: FeedPosition | undefined,
  count: number,
): Promise<Flying> {
  const photos = copy.filter((item) => isBelow(item, position))
  if (photos.length <= MAX_UNKNOWN_OWNERS) return { photos, isAll: true }
  const rows = await query<MarkedRow>({
    name: 'feed-in-flight-of-circle',
    text: OF_CIRCLE,
    values: pullValues(viewerId, position, count),
  })
  return { photos: rows.map(toInFlight), isAll: rows.length < count }
}

const OF_CIRCLE = `
  SELECT f.photo_id, f.owner_id, f.score FROM in_flight f JOIN photos p USING (photo_id)
  WHERE (f.score, f.photo_id) < ($2::bigint, $3::uuid) AND ${feedable('p')} AND ${inCircle('f.owner_id', '$1::bigint')}
  ORDER BY f.score DESC, f.photo_id DESC LIMIT $4::integer`

type MarkedRow = Pick<InFlightRow, 'photo_id' | 'owner_id' | 'score'>

function toInFlight(row: MarkedRow): InFlightPhoto {
  return { photoId: row.photo_id, ownerId: row.owner_id, score: Number(row.score) }
}
