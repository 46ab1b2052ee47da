import { Counter, Gauge, Histogram } from 'prom-client'
import type { DistributionPlan } from '../contracts/photo-fanout.ts'

type Task = DistributionPlan['desired']

const MS_PER_SECOND = 1_000

const visibleSeconds = new Histogram({
  name: 'darkroom_fanout_visible_seconds',
  help: 'Time from when a push was owed until followers see the photo. push: a batch of them has it in rows and heads (pushes without shards); merge: a process begins to merge it into the feeds that it reads (photos in flight)',
  labelNames: ['by'] as const,
  buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300],
})

const completeSeconds = new Histogram({
  name: 'darkroom_fanout_complete_seconds',
  help: 'Time from when a push was owed until its last row was written and, if the photo was in flight, replayed',
  labelNames: ['sharded'] as const,
  buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800],
})

const followers = new Counter({
  name: 'darkroom_fanout_followers_total',
  help: 'Followers that pushes and collections have worked through',
  labelNames: ['task'] as const,
})

const feeds = new Counter({
  name: 'darkroom_fanout_feeds_total',
  help: 'Feeds that pushes have written to and collections have removed from',
  labelNames: ['task'] as const,
})

const running = new Gauge({
  name: 'darkroom_fanout_running',
  help: 'Slices of pushes and collections that this process is working on',
  labelNames: ['task'] as const,
})

/** Counts a slice as running while `work` runs, and passes on what that returns or throws. */
export async function whileSliceRuns<Result>(task: Task, work: () => Promise<Result>): Promise<Result> {
  running.inc({ task })
  try {
    return await work()
  } finally {
    running.dec({ task })
  }
}

/** A batch of followers is in Postgres and Redis. */
export function fanoutPageWritten(plan: DistributionPlan, page: { followers: number; feeds: number }): void {
  const { desired: task, shards, sinceMs } = plan
  followers.inc({ task }, page.followers)
  feeds.inc({ task }, page.feeds)
  if (task === 'push' && shards === 1 && page.feeds > 0) {
    visibleSeconds.observe({ by: 'push' }, secondsSince(sinceMs))
  }
}

/** The last slice of a plan is written and recorded. */
export function fanoutCompleted({ desired, shards, sinceMs }: DistributionPlan): void {
  if (desired === 'push') {
    completeSeconds.observe({ sharded: String(shards > 1) }, secondsSince(sinceMs))
  }
}

/** This process started to merge a photo in flight, this long after the photo was marked. */
export function photoInFlightMerged(seconds: number): void {
  visibleSeconds.observe({ by: 'merge' }, seconds)
}

/** By this machine's clock against the primary's: good enough for metrics. */
function secondsSince(ms: number): number {
  return Math.max(0, Date.now() - ms) / MS_PER_SECOND
}
