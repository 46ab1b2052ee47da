import type { PhotoId } from './ids.ts'
import { belongsInFeeds, type PhotoStatus, type Visibility } from './visibility.ts'

/** A photo's place in every feed that holds it: by score (publishedAt in ms), ties by photo id, both descending. */
export interface FeedPosition {
  score: number
  photoId: PhotoId
}

/** A part of a feed, read from one tier or several, newest first. */
export interface FeedScan {
  candidates: FeedPosition[]
  /** Nothing lies below the last candidate. */
  end: boolean
}

/** The part of a scan that goes on the page. */
export interface PagePart {
  shown: FeedPosition[]
  /** How many candidates were examined, shown or not. */
  scanned: number
  /** The last candidate examined, shown or not: the next page begins after it. */
  last: FeedPosition | undefined
}

/** The order of feeds, for sorting newest first. Ids are lower-case UUIDs, so their text sorts like their bytes. */
export function compareFeedOrder(left: FeedPosition, right: FeedPosition): number {
  if (left.score !== right.score) return right.score - left.score
  return left.photoId === right.photoId ? 0 : left.photoId < right.photoId ? 1 : -1
}

/** Whether `item` comes after `position` in a feed; everything comes after undefined, the top. */
export function isBelow(item: FeedPosition, position: FeedPosition | undefined): boolean {
  return position === undefined || compareFeedOrder(position, item) < 0
}

/** Merges several lists into one in feed order, each photo once. */
export function mergeFeeds(...lists: readonly (readonly FeedPosition[])[]): FeedPosition[] {
  return lists
    .flat()
    .sort(compareFeedOrder)
    .filter((item, index, all) => item.photoId !== all[index - 1]?.photoId)
}

/**
 * What a slice that is complete above its floor says about the feed below `position`. The slice holds all of
 * that part, or at least `count + 1` photos of it.
 *
 * @returns the first `count` photos, or fewer; `end` then tells whether the feed ends there or goes on below the floor
 */
export function scanAboveFloor(
  slice: { floor: number; items: readonly FeedPosition[] },
  position: FeedPosition | undefined,
  count: number,
): FeedScan {
  const below = slice.items.filter((item) => item.score > slice.floor && isBelow(item, position))
  return { candidates: below.slice(0, count), end: slice.floor === 0 && below.length <= count }
}

/** Goes through the candidates until `room` photos are shown. */
export function takePage(
  candidates: readonly FeedPosition[],
  isShown: (item: FeedPosition) => boolean,
  room: number,
): PagePart {
  const shown: FeedPosition[] = []
  let scanned = 0
  while (scanned < candidates.length && shown.length < room) {
    const item = candidates[scanned++]!
    if (isShown(item)) shown.push(item)
  }
  return { shown, scanned, last: candidates[scanned - 1] }
}

/** What decides whether a photo that the viewer may see is in their feed. */
export interface FeedMembership {
  status: PhotoStatus
  visibility: Visibility
  /** The viewer follows the owner, or is the owner. */
  inViewersCircle: boolean
  /** The viewer mutes the owner. */
  isMuted: boolean
}

/** Whether a photo that the viewer may see is on their feed's pages (docs/feed.md, What is in a feed). */
export function isInFeed(photo: FeedMembership): boolean {
  return photo.inViewersCircle && !photo.isMuted && belongsInFeeds(photo)
}

/**
 * Puts photos in flight into what stored tiers served, each once, above the end of that part.
 *
 * @param flying newest first, below where that begins
 * @param isAll whether `flying` holds all there are; if not, the result is cut where `flying` ends
 * @returns `added`: those of `flying` that were not there before
 */
export function mergeInFlight<Flying extends FeedPosition>(
  scan: FeedScan,
  flying: readonly Flying[],
  isAll = true,
): FeedScan & { added: Flying[] } {
  const known = new Set(scan.candidates.map((item) => item.photoId))
  const bounds = [scan.end ? undefined : scan.candidates.at(-1), isAll ? undefined : flying.at(-1)]
  const isWithin = (item: FeedPosition) => bounds.every((bound) => !bound || !isBelow(item, bound))
  const added = flying.filter((item) => !known.has(item.photoId) && isWithin(item))
  return {
    candidates: mergeFeeds(scan.candidates.filter(isWithin), added),
    end: scan.end && isAll,
    added,
  }
}
