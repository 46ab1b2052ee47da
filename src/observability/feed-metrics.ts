import { Counter, Gauge, Histogram } from 'prom-client'

export const feedScans = new Counter({
  name: 'darkroom_feed_scans_total',
  help: 'Scans for the candidates of a page, by the tier that answered: head, rows or pull',
  labelNames: ['tier'] as const,
})

export const feedRebuilds = new Counter({
  name: 'darkroom_feed_rebuilds_total',
  help: 'Rebuilds of a feed head, by how they ended',
  labelNames: ['outcome'] as const,
})

export const feedReadSeconds = new Histogram({
  name: 'darkroom_feed_read_seconds',
  help: 'From the request of a feed page to its items, rights checked',
  // Warm pages take single milliseconds, cold ones tens to hundreds.
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5],
})

export const feedInFlight = new Gauge({
  name: 'darkroom_feed_in_flight',
  help: 'Photos whose push is under way and that this process merges into the pages that it reads',
})

export const feedGhosts = new Counter({
  name: 'darkroom_feed_ghosts_total',
  help: 'Candidates that a read left out because they no longer belong in the feed',
})

export const feedGhostsCollected = new Counter({
  name: 'darkroom_feed_ghosts_collected_total',
  help: 'Feed rows deleted because they no longer belong in the feed',
})

export const feedUnenrolled = new Counter({
  name: 'darkroom_feed_unenrolled_total',
  help: 'Accounts that are no longer pushed to because they have not read for long',
})
