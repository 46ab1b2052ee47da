import { isInFeed, takePage, type FeedPosition } from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import { createSingleFlight } from '../../infra/concurrency/single-flight.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { feedGhostsLeftOut, feedPageRead } from '../../observability/feed-events.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { recordRead } from '../distribution/feed-state.ts'
import { createReadTiers, type Loaded, type ReadTiersDeps } from './read-tiers.ts'

/** A thin page is topped up until this many times its size was scanned; then it is returned short, with a cursor. */
const MAX_SCAN_FACTOR = 10
/** Topping up also ends after this time. */
const MAX_SCAN_MS = 300
/** A top-up scans at least this many photos, because even a tiny one costs a statement. */
const MIN_TOP_UP = 20

export interface Feed {
  /** Newest first. @throws DarkroomError `bad_cursor` */
  readFeed(list: ListRead<UserViewer>): Promise<Page<PhotoCard>>
  /** Resolves when no background build is running, for shutdown. */
  idle(): Promise<void>
}

/** The home feed: exactly membership minus filters (docs/feed.md), whichever tier serves it. */
export function createFeed(deps: ReadTiersDeps): Feed {
  const { db, logger } = deps
  const tiers = createReadTiers(deps)
  const recording = createSingleFlight<UserId, unknown>()

  /**
   * Records the read in the background, because enrolment lasts as long as the user reads. One at a time for each user.
   */
  function keepEnrolled(userId: UserId): void {
    if (recording.current(userId)) return
    void recording.begin(userId, () =>
      recordRead(db.primary, userId).catch((error: unknown) =>
        logger.warn({ err: error, userId }, 'a read was not recorded'),
      ),
    )
  }

  async function readPage(list: ListRead<UserViewer>): Promise<Page<PhotoCard>> {
    const { viewer, query, limit } = list
    let position = positionOf(list)
    // The head is not used after the viewer's own write, because it may not have their photo yet.
    const reading = { viewer, query, usesHead: !list.readYourWrites }
    const deadline = performance.now() + MAX_SCAN_MS
    const maxScanned = MAX_SCAN_FACTOR * limit
    const cards: PhotoCard[] = []
    for (let scanned = 0; ;) {
      const room = limit - cards.length
      // One more than there is room for shows whether the feed goes on.
      const count = scanned === 0 ? room + 1 : Math.min(Math.max(room + 1, MIN_TOP_UP), maxScanned - scanned)
      const loaded = await tiers.read(reading, position, count, scanned === 0)
      if (loaded.viewerReadIsOld) keepEnrolled(viewer.userId)
      const part = takePage(loaded.candidates, (item) => inFeed(loaded, item), room)
      cards.push(...part.shown.map((item) => loaded.cards.get(item.photoId)!))
      feedGhostsLeftOut(part.scanned - part.shown.length)
      scanned += part.scanned
      position = part.last ?? position
      if (loaded.end && part.scanned === loaded.candidates.length) return list.page(cards, null)
      if (cards.length === limit || scanned >= maxScanned || performance.now() >= deadline) {
        // The feed does not end here, so something was scanned and there is a position.
        const { score, photoId } = position!
        return list.page(cards, [score, photoId])
      }
    }
  }

  return {
    async readFeed(list) {
      const startedAt = performance.now()
      const page = await readPage(list)
      feedPageRead((performance.now() - startedAt) / 1000)
      return page
    },
    async idle() {
      await Promise.all([tiers.idle(), recording.idle()])
    },
  }
}

function inFeed({ cards }: Loaded, { photoId }: FeedPosition): boolean {
  const card = cards.get(photoId)
  return card !== undefined && isInFeed(card)
}

function positionOf(list: ListRead): FeedPosition | undefined {
  const [score, photoId] = list.after(['number', 'string']) ?? []
  return score === undefined || photoId === undefined ? undefined : { score, photoId }
}
