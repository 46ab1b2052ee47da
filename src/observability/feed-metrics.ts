import { Counter, Gauge, Histogram } from 'prom-client'

const feedScans = new Counter({
  name: 'darkroom_feed_scans_total',
  help: 'Parts of feeds read, by the tier they came from',
  labelNames: ['tier'] as const,
})

const feedRebuilds = new Counter({
  name: 'darkroom_feed_rebuilds_total',
  help: 'Rebuilds of feed heads, by how they ended',
  labelNames: ['outcome'] as const,
})

const feedReadSeconds = new Histogram({
  name: 'darkroom_feed_read_seconds',
  help: 'Time to read a page of a feed, without HTTP',
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
})

export const feedInFlight = new Gauge({
  name: 'darkroom_feed_in_flight',
  help: 'Photos that readers merge into feeds while their push is under way, as this process knows them',
})

export const feedInFlightOldest = new Gauge({
  name: 'darkroom_feed_in_flight_oldest_seconds',
  help: 'Since how long the oldest of these has been in flight; 0: there is none',
})

const feedGhosts = new Counter({
  name: 'darkroom_feed_ghosts_total',
  help: 'Candidates that readers left out because they are no longer in the feed',
})

const feedGhostsCollected = new Counter({
  name: 'darkroom_feed_ghosts_collected_total',
  help: 'Rows of feeds deleted because they no longer belong, or their user no longer reads',
})

const feedUnenrolled = new Counter({
  name: 'darkroom_feed_unenrolled_total',
  help: 'Users whose feeds are no longer pushed to, as they have not read for long',
})

/** What readers of feeds tell, as metrics. */
export const feedMetrics = {
  scanned: (tier: string) => feedScans.inc({ tier }),
  rebuilt: (outcome: string) => feedRebuilds.inc({ outcome }),
  read: (seconds: number) => feedReadSeconds.observe(seconds),
  ghosts: (count: number) => feedGhosts.inc(count),
}

/** What the collection of stored feeds tells, as metrics. */
export const feedCollectionMetrics = {
  unenrolled: (count: number) => feedUnenrolled.inc(count),
  collected: (rows: number) => feedGhostsCollected.inc(rows),
}
