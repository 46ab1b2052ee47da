import type { HitPosition } from '../../infra/opensearch/photo-index.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'

/** Hits in order; `exhausted` once there are none after these. */
interface Hits {
  positions: HitPosition[]
  exhausted: boolean
}

export interface PageSource {
  /** The next hits after `after` (null: from the start), about `size` of them. */
  hits(after: HitPosition | null, size: number): Promise<Hits>
  /** The photos that the viewer may see now, by id. */
  cards(photoIds: string[]): Promise<Map<string, PhotoCard>>
}

export interface SearchPage {
  cards: PhotoCard[]
  /** Where the next page begins; null at the end. */
  next: HitPosition | null
  /** How many of the hits looked at are not shown. */
  hidden: number
}

/** Hits are hidden where more narrowings are pending than a query leaves out; a page that needs more than this is returned short. */
const MAX_SCANNED_PER_ITEM = 10
const MAX_SCAN_MS = 300
/** Each further look is so many times as long, because where some hits are hidden most may be. */
const GROWTH = 4
const MAX_SIZE = 400

/**
 * Fills a page with the hits that the viewer may see. It looks for one photo more than asked, so that `next` is set
 * only if there is a visible photo to come: neither an empty page nor a cursor tells of a hidden one. A page that would
 * take too long is returned short, with `next` at the last hit scanned.
 */
export async function fillPage(
  source: PageSource,
  limit: number,
  after: HitPosition | null,
  maxScanMs = MAX_SCAN_MS,
): Promise<SearchPage> {
  const deadline = performance.now() + maxScanMs
  const cards: PhotoCard[] = []
  let lastShown: HitPosition | null = null
  let lastScanned = after
  let scanned = 0
  let hidden = 0
  for (let size = limit + 1; ; size = Math.min(size * GROWTH, MAX_SIZE)) {
    const { positions, exhausted } = await source.hits(lastScanned, size)
    const visible = await source.cards(positions.map((position) => position.photoId))
    for (const position of positions) {
      const card = visible.get(position.photoId)
      // The owner still sees a photo that is no longer published, but not in search.
      if (card?.status === 'ready') {
        if (cards.length === limit) return { cards, next: lastShown, hidden }
        cards.push(card)
        lastShown = position
      } else {
        hidden++
      }
      lastScanned = position
    }
    if (exhausted) return { cards, next: null, hidden }
    scanned += positions.length
    if (scanned >= limit * MAX_SCANNED_PER_ITEM || performance.now() > deadline) {
      return { cards, next: lastScanned, hidden }
    }
  }
}
