import { Counter, Gauge } from 'prom-client'

/** How people leave and return, for a while or for good. */
const DEPARTURES = ['deactivated', 'erasure_requested', 'returned', 'erased'] as const
type Departure = (typeof DEPARTURES)[number]

const departures = new Counter({
  name: 'darkroom_account_departures_total',
  help: 'Accounts that were deactivated, are to be erased, came back, or were erased',
  labelNames: ['kind'] as const,
})
for (const kind of DEPARTURES) departures.inc({ kind }, 0)

export const accountDeparted = (kind: Departure): void => departures.inc({ kind })

const rounds = new Counter({
  name: 'darkroom_account_erasure_leftovers_total',
  help: 'Times that the last look of an erasure found something left, which the next round erases',
})

/** Something was written late, or a step forgot it. */
export const erasureLeftovers = (): void => rounds.inc()

const openErasures = new Gauge({
  name: 'darkroom_account_erasures',
  help: 'Erasures of accounts that are not complete: waiting in their days of grace, or running',
  labelNames: ['state'] as const,
})
const oldestErasure = new Gauge({
  name: 'darkroom_account_erasure_oldest_seconds',
  help: 'How long ago the days of grace ended of the oldest erasure that is not complete; 0 without one',
})

export interface OpenErasures {
  waiting: number
  running: number
  oldestSeconds: number
}

export function reportErasures({ waiting, running, oldestSeconds }: OpenErasures): void {
  openErasures.set({ state: 'waiting' }, waiting)
  openErasures.set({ state: 'running' }, running)
  oldestErasure.set(oldestSeconds)
}
