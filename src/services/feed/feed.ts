import { decodeCursor, encodeCursor, type CursorBinding } from '../../domain/cursor.ts'
import {
  isInFeed,
  scanAboveFloor,
  takePage,
  type FeedPosition,
  type FeedScan,
} from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { FeedHeads, HeadSlice } from '../../infra/redis/feed-heads.ts'
import type { Logger } from '../../observability/logger.ts'
import { loadPhotoCards, type PhotoCard, type PhotoCards } from '../photo-cards.ts'
import { pullFeed } from './pull.ts'
import { createRebuilds } from './rebuild.ts'

/** Thin pages are topped up until so many times the page size was scanned … */
const MAX_SCAN_FACTOR = 10
/** … or so much time has gone; then the page is returned short, with a cursor. */
const MAX_SCAN_MS = 300
/** A top-up looks at no fewer photos than this: where many are hidden, tiny steps would cost a statement each. */
const MIN_TOP_UP = 20
/** A read waits so long for its head to be built, then pulls while the build goes on. */
const REBUILD_WAIT_MS = 200

export interface FeedDeps {
  db: Database
  heads: FeedHeads
  /** Keys the MAC of cursors. */
  cursorSecret: string
  logger: Logger
  metrics?: FeedMetrics
}

export interface FeedMetrics {
  /** Counts the stretches of feeds read, by the tier that began them. */
  scanned(tier: 'head' | 'rebuilt' | 'pull'): void
}

export interface FeedOptions {
  /** 1–100 */
  limit: number
  cursor?: string | undefined
  /** The viewer has just written: read the primary, and not the head, which their own photo may not have reached yet. */
  readYourWrites?: boolean
}

export interface FeedPage {
  /** Newest first; may be short, even empty. */
  cards: PhotoCard[]
  /** null: the end, and only then. */
  nextCursor: string | null
}

export interface Feed {
  /** @throws DarkroomError `bad_cursor` */
  readFeed(viewer: { userId: UserId }, options: FeedOptions): Promise<FeedPage>
  /** Resolves when no head is being rebuilt in the background: for shutdown. */
  idle(): Promise<void>
}

interface Reading {
  viewer: { userId: UserId }
  query: Query
  usesHead: boolean
}

/** Candidates with the rights and content of one snapshot. */
type Loaded = FeedScan & Pick<PhotoCards, 'cards'>

/** The home feed: exactly membership minus filters (feed.md), whichever tier serves it. */
export function createFeed({ db, heads, cursorSecret, logger, metrics }: FeedDeps): Feed {
  const rebuilds = createRebuilds({ db, heads, logger })

  async function load({ viewer, query }: Reading, scan: FeedScan): Promise<FeedScan & PhotoCards> {
    const ids = scan.candidates.map((item) => item.photoId)
    return { ...scan, ...(await loadPhotoCards(query, viewer, ids)) }
  }

  async function loadPulled(
    reading: Reading,
    below: FeedPosition | undefined,
    count: number,
  ): Promise<Loaded> {
    metrics?.scanned('pull')
    return load(reading, await pullFeed(reading.query, reading.viewer.userId, below, count))
  }

  /** What a head says, and below its floor what pull says; `stale` if the reader's epoch is newer than the head's. */
  async function loadFromHead(
    reading: Reading,
    slice: HeadSlice,
    below: FeedPosition | undefined,
    count: number,
  ) {
    const scan = scanAboveFloor(slice, below, count)
    const missing = count - scan.candidates.length
    if (!scan.end && missing > 0) {
      const rest = await pullFeed(
        reading.query,
        reading.viewer.userId,
        scan.candidates.at(-1) ?? below,
        missing,
      )
      scan.candidates.push(...rest.candidates)
      scan.end = rest.end
    }
    const loaded = await load(reading, scan)
    // Compared with the epoch of the very snapshot that rights were read from: a follow after the head was read counts.
    return { loaded, stale: slice.epoch < (loaded.viewerEpoch ?? 0), epoch: loaded.viewerEpoch ?? 0 }
  }

  async function scanStretch(
    reading: Reading,
    below: FeedPosition | undefined,
    count: number,
    mayRebuild: boolean,
  ): Promise<Loaded> {
    if (!reading.usesHead) return loadPulled(reading, below, count)
    const { userId } = reading.viewer
    let neededEpoch = 0
    // One more than asked for, so that a slice that holds no more than asked for is known to be all.
    const slice = await heads.readSlice(userId, below, count + 1).catch((error: unknown) => {
      logger.debug({ err: error }, 'feed head not read')
      return 'unavailable' as const
    })
    if (slice === 'unavailable') return loadPulled(reading, below, count)
    if (slice) {
      const { loaded, stale, epoch } = await loadFromHead(reading, slice, below, count)
      if (!stale) {
        metrics?.scanned('head')
        return loaded
      }
      neededEpoch = epoch
    }
    const built = mayRebuild && (await within(REBUILD_WAIT_MS, rebuilds.rebuild(userId, neededEpoch)))
    if (built) {
      const { loaded, stale } = await loadFromHead(reading, built, below, count)
      if (!stale) {
        metrics?.scanned('rebuilt')
        return loaded
      }
    }
    return loadPulled(reading, below, count)
  }

  return {
    async readFeed(viewer, { limit, cursor, readYourWrites = false }) {
      const binding: CursorBinding = { viewer: viewer.userId, list: 'feed' }
      let position = cursor === undefined ? undefined : decodePosition(cursor, binding, cursorSecret)
      const reading = { viewer, query: readYourWrites ? db.primary : db.replica, usesHead: !readYourWrites }
      const deadline = performance.now() + MAX_SCAN_MS
      const maxScanned = MAX_SCAN_FACTOR * limit
      const cards: PhotoCard[] = []
      for (let scanned = 0; ;) {
        const room = limit - cards.length
        // One more than there is room for tells whether the feed goes on.
        const count =
          scanned === 0 ? room + 1 : Math.min(Math.max(room + 1, MIN_TOP_UP), maxScanned - scanned)
        const stretch = await scanStretch(reading, position, count, scanned === 0)
        const part = takePage(stretch.candidates, (item) => inFeed(stretch, item), room)
        cards.push(...part.shown.map((item) => stretch.cards.get(item.photoId)!))
        scanned += part.scanned
        position = part.last ?? position
        if (stretch.end && part.scanned === stretch.candidates.length) return { cards, nextCursor: null }
        if (cards.length === limit || scanned >= maxScanned || performance.now() >= deadline) {
          // Not the end, so something was scanned: there is a position.
          const { score, photoId } = position!
          return { cards, nextCursor: encodeCursor([score, photoId], binding, cursorSecret) }
        }
      }
    },
    idle: () => rebuilds.idle(),
  }
}

function inFeed({ cards }: Loaded, { photoId }: FeedPosition): boolean {
  const card = cards.get(photoId)
  return card !== undefined && isInFeed(card)
}

function decodePosition(cursor: string, binding: CursorBinding, secret: string): FeedPosition {
  const [score, photoId] = decodeCursor(cursor, binding, secret, ['number', 'string'])
  return { score, photoId }
}

/** What `work` resolves with, or undefined if it takes longer; it goes on then. */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
