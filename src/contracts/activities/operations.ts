import type { SweepRef } from '../housekeeping.ts'

/** The steps of housekeeping. */
export interface HousekeepingActivities {
  /** All sweeps. */
  listSweeps: () => Promise<SweepRef[]>
  /** Resolves with how many objects, rows or workflows the sweep processed. */
  runSweep: (input: { name: string }) => Promise<number>
}

/** What runs of v0.1 schedule; goes when none is open any more (docs/adr/0013). */
export interface HousekeepingActivitiesV01 {
  sweepIncomingObjects: () => Promise<number>
  sweepIdempotencyKeys: () => Promise<number>
  sweepSessions: () => Promise<number>
  startOwedFanouts: () => Promise<number>
}
