import { Counter, Gauge, Histogram } from 'prom-client'

/** Where a part of a feed was read from; `rebuilt` is the snapshot that a head was just built from. */
export type FeedTier = 'head' | 'rebuilt' | 'rows' | 'pull'

/**
 * How a rebuild of a head ended. `taken`: another process builds it, `busy`: too many are being built, `lost`: another
 * build took over.
 */
export type RebuildOutcome = 'built' | 'taken' | 'busy' | 'lost' | 'failed'

const scans = new Counter({
  name: 'darkroom_feed_scans_total',
  help: 'Parts of feeds read, by the tier they came from',
  labelNames: ['tier'] as const,
})

const rebuilds = new Counter({
  name: 'darkroom_feed_rebuilds_total',
  help: 'Rebuilds of feed heads, by how they ended',
  labelNames: ['outcome'] as const,
})

const readSeconds = new Histogram({
  name: 'darkroom_feed_read_seconds',
  help: 'Time to read a page of a feed, without HTTP',
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
})

const inFlight = new Gauge({
  name: 'darkroom_feed_in_flight',
  help: 'Photos in flight, which readers merge into feeds until their push is complete, as this process knows them',
})

const inFlightOldest = new Gauge({
  name: 'darkroom_feed_in_flight_oldest_seconds',
  help: 'How long the oldest photo in flight has been so; 0 if there is none',
})

const ghosts = new Counter({
  name: 'darkroom_feed_ghosts_total',
  help: 'Candidates that readers left out because they are no longer in the feed or are hidden from the viewer',
})

const ghostsCollected = new Counter({
  name: 'darkroom_feed_ghosts_collected_total',
  help: 'Rows deleted from feeds because they no longer belong or their user no longer reads',
})

const unenrolled = new Counter({
  name: 'darkroom_feed_unenrolled_total',
  help: 'Users un-enrolled because they have not read their feed for a long time',
})

/** A reader took a part of a feed from a tier. */
export function feedPartRead(tier: FeedTier): void {
  scans.inc({ tier })
}

/** A page was read, without HTTP. */
export function feedPageRead(seconds: number): void {
  readSeconds.observe(seconds)
}

/** A reader left out candidates that are no longer in the viewer's feed, or are hidden from them. */
export function feedGhostsLeftOut(count: number): void {
  ghosts.inc(count)
}

/** A rebuild of a feed's head ended. */
export function feedHeadRebuilt(outcome: RebuildOutcome): void {
  rebuilds.inc({ outcome })
}

/** This process's copy of the photos in flight was read; `oldestSeconds` is 0 if none are. */
export function inFlightPolled(count: number, oldestSeconds: number): void {
  inFlight.set(count)
  inFlightOldest.set(oldestSeconds)
}

/** A sweep deleted rows that no longer belong to their feed. */
export function feedRowsCollected(rows: number): void {
  ghostsCollected.inc(rows)
}

/** A sweep un-enrolled users who no longer read their feed. */
export function feedsUnenrolled(users: number): void {
  unenrolled.inc(users)
}
