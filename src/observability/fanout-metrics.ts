import { Counter, Gauge, Histogram } from 'prom-client'

export const fanoutVisibleSeconds = new Histogram({
  name: 'darkroom_fanout_visible_seconds',
  help: 'From when a push came to be owed until followers see the photo. push: a page of them had it in rows and heads (pushes of one shard); merge: a process began to merge it into the feeds that it reads (all others)',
  labelNames: ['by'] as const,
  buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
})

export const fanoutCompleteSeconds = new Histogram({
  name: 'darkroom_fanout_complete_seconds',
  help: 'From when a push came to be owed until its last row was written and, if the photo was in flight, replayed',
  labelNames: ['sharded'] as const,
  buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800],
})

export const fanoutFollowers = new Counter({
  name: 'darkroom_fanout_followers_total',
  help: 'Followers that pushes and collections have gone through',
  labelNames: ['task'] as const,
})

export const fanoutFeeds = new Counter({
  name: 'darkroom_fanout_feeds_total',
  help: 'Feeds that pushes have written to and collections have removed from',
  labelNames: ['task'] as const,
})

export const fanoutRunning = new Gauge({
  name: 'darkroom_fanout_running',
  help: 'Slices of pushes and collections that this process is working on',
  labelNames: ['task'] as const,
})
