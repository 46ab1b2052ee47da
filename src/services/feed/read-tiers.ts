import { mergeInFlight, scanAboveFloor, type FeedPosition, type FeedScan } from '../../domain/feed-page.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { FeedHeads, HeadSlice } from '../../infra/redis/feed-heads.ts'
import { withDeadline } from '../../infra/deadline.ts'
import { feedPartRead } from '../../observability/feed-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { loadPhotoCards, type PhotoCards } from '../photos/photo-cards.ts'
import { createRowsOrPull, type RowsOrPullOptions } from './rows-or-pull.ts'
import { inFlightBelow, type Flying, type InFlightCopy } from './in-flight-copy.ts'
import { createRebuilds } from './rebuild.ts'

/** A read waits this long for its head to be built, then pulls while the build continues. */
const REBUILD_WAIT_MS = 200

export interface ReadTiersDeps extends RowsOrPullOptions {
  db: Database
  heads: FeedHeads
  inFlight: Pick<InFlightCopy, 'photos'>
  logger: Logger
}

interface Reading {
  viewer: UserViewer
  query: Query
  /** False after the viewer's own write: the head may not have their photo yet. */
  usesHead: boolean
}

/** Candidates with the rights and content of one snapshot. */
export type Loaded = FeedScan & PhotoCards

/** Reads a part of a feed from the first tier that is complete there, the quick ones first. */
export interface ReadTiers {
  /** About `count` photos below `below`: fewer only at the end, more where some are in flight. */
  read(reading: Reading, below: FeedPosition | undefined, count: number, mayRebuild: boolean): Promise<Loaded>
  /** Resolves when no background build is running. */
  idle(): Promise<void>
}

/** Where the read begins, how many photos are wanted, and what may be in flight there. */
interface Wanted {
  below: FeedPosition | undefined
  count: number
  flying: Flying
}

export function createReadTiers(deps: ReadTiersDeps): ReadTiers {
  const { db, heads, inFlight, logger } = deps
  const rebuilds = createRebuilds({ db, heads, logger })
  const rowsOrPull = createRowsOrPull(deps)

  async function load({ viewer, query }: Reading, scan: FeedScan): Promise<Loaded> {
    const ids = scan.candidates.map((item) => item.photoId)
    return { ...scan, ...(await loadPhotoCards(query, viewer, ids)) }
  }

  async function loadPulled(reading: Reading, { below, count }: Pick<Wanted, 'below' | 'count'>) {
    return load(reading, await rowsOrPull.pull(reading.query, reading.viewer.userId, below, count))
  }

  /** Reads the head, rows and pull below its floor, and merges photos in flight. */
  async function loadFromHead(
    reading: Reading,
    slice: HeadSlice,
    tier: 'head' | 'rebuilt',
    { below, count, flying }: Wanted,
  ): Promise<{ loaded: Loaded; stale: boolean }> {
    const { query, viewer } = reading
    const scan = scanAboveFloor(slice, below, count)
    const missing = count - scan.candidates.length
    if (scan.end || scan.candidates.length > 0) feedPartRead(tier)
    if (!scan.end && missing > 0) {
      const from = scan.candidates.at(-1) ?? below
      const rest = await rowsOrPull.read(query, viewer.userId, from, missing)
      scan.candidates.push(...rest.candidates)
      scan.end = rest.end
    }
    const { added, ...merged } = mergeInFlight(scan, flying.photos, flying.isAll)
    const addedIds = new Set(added.map((item) => item.photoId))
    const sure = merged.candidates.filter((item) => !addedIds.has(item.photoId))
    const cards = await loadPhotoCards(
      query,
      viewer,
      sure.map((item) => item.photoId),
      added,
    )
    // Merged photos without a card are dropped, so that those of strangers take no place on the page. If not all photos
    // in flight are known, these are of the viewer's circle and even hidden ones count as scanned: there may be no
    // other candidates.
    const candidates = merged.candidates.filter(
      ({ photoId }) => !flying.isAll || !addedIds.has(photoId) || cards.cards.has(photoId),
    )
    // Compared with the epoch in the snapshot that the rights were read from, so that a follow after the head was read
    // counts.
    const stale = slice.epoch < (cards.viewerEpoch ?? 0)
    return { loaded: { candidates, end: merged.end, ...cards }, stale }
  }

  return {
    async read(reading, below, count, mayRebuild) {
      // Taken before the head is read: a photo that is no longer in flight by then has reached the head.
      const copy = reading.usesHead ? inFlight.photos() : undefined
      if (!copy) return loadPulled(reading, { below, count })
      const { userId } = reading.viewer
      const flying = await inFlightBelow(copy, reading.query, userId, below, count)
      const wanted = { below, count, flying }
      // One more than asked for, so that a slice without the extra photo is known to be all there is.
      const readSlice = () =>
        heads.readSlice(userId, below, count + 1).catch((error: unknown) => {
          logger.debug({ err: error }, 'feed head not read')
          return 'unavailable' as const
        })
      let neededEpoch = 0
      const slice = await readSlice()
      if (slice === 'unavailable') return loadPulled(reading, wanted)
      if (slice) {
        const { loaded, stale } = await loadFromHead(reading, slice, 'head', wanted)
        if (!stale) return loaded
        neededEpoch = loaded.viewerEpoch ?? 0
      }
      const built =
        mayRebuild &&
        (await withDeadline(REBUILD_WAIT_MS, rebuilds.rebuild(userId, neededEpoch), () => undefined))
      // Another caller's build may have read before this request; what was pushed since is in the head.
      const fresh = built === 'joined' ? await readSlice() : built
      if (fresh && fresh !== 'unavailable') {
        const { loaded, stale } = await loadFromHead(reading, fresh, 'rebuilt', wanted)
        if (!stale) return loaded
      }
      return loadPulled(reading, wanted)
    },
    async idle() {
      await Promise.all([rebuilds.idle(), rowsOrPull.idle()])
    },
  }
}
