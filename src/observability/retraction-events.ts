import { Counter, Gauge, Histogram } from 'prom-client'

/** What an edge must confirm: that it denies an epoch, and that it refuses the earlier URLs. */
export type RefusalStep = 'deny' | 'prove'

const seconds = new Histogram({
  name: 'darkroom_edge_refusal_seconds',
  help: 'Time until every edge confirmed a step of refusing a narrowed or deleted photo, from when the step was due',
  labelNames: ['step'] as const,
  // A deny is confirmed within a second, once it is on the edge's disk; an edge that is down takes minutes to hours.
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200],
})

const failures = new Counter({
  name: 'darkroom_edge_refusal_failures_total',
  help: 'Attempts that an edge did not confirm; each is repeated until every edge does',
  labelNames: ['step'] as const,
})
for (const step of ['deny', 'prove'] satisfies RefusalStep[]) failures.inc({ step }, 0)

/** Longer than an attempt (60 s) and the pause before the next (15 s): after this, another worker has taken over. */
const FORGOTTEN_AFTER_MS = 120_000

/** Refusals whose last attempt failed in this process, by activity. */
const pending = new Map<string, { since: number; triedAt: number }>()

function stillPending(): { since: number }[] {
  for (const [key, { triedAt }] of pending) {
    if (Date.now() - triedAt > FORGOTTEN_AFTER_MS) pending.delete(key)
  }
  return [...pending.values()]
}

new Gauge({
  name: 'darkroom_edge_refusals_pending',
  help: 'Refusals that an edge failed to confirm and that are being retried',
  collect() {
    this.set(stillPending().length)
  },
})

new Gauge({
  name: 'darkroom_edge_refusal_oldest_seconds',
  help: 'Age of the oldest refusal that is being retried; 0 if there is none',
  collect() {
    this.set(Math.max(0, ...stillPending().map(({ since }) => (Date.now() - since) / 1000)))
  },
})

/** One activity that makes all edges refuse something; `since` is when it was first scheduled, in ms since 1970. */
export interface Refusal {
  key: string
  step: RefusalStep
  since: number
}

/** Measures one attempt; passes on what it returns or throws. */
export async function measureRefusal<Result>(
  { key, step, since }: Refusal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await attempt()
    seconds.observe({ step }, (Date.now() - since) / 1000)
    pending.delete(key)
    return result
  } catch (error) {
    failures.inc({ step })
    pending.set(key, { since, triedAt: Date.now() })
    throw error
  }
}

const unproven = new Gauge({
  name: 'darkroom_retractions_unproven',
  help: 'Narrowed or deleted photos and accounts whose earlier image URLs are not yet proven to be refused at every edge',
})
const oldestUnproven = new Gauge({
  name: 'darkroom_retraction_oldest_unproven_seconds',
  help: 'Age of the oldest of them, from the commit that narrowed it; 0 when there is none',
})

/** What Postgres holds of retractions. */
export function reportUnprovenRetractions(owed: number, oldestSeconds: number): void {
  unproven.set(owed)
  oldestUnproven.set(oldestSeconds)
}
