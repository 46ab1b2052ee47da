import type { SweepRef } from '../housekeeping.ts'

/** The steps of housekeeping. */
export interface HousekeepingActivities {
  /** The sweeps that this worker knows. */
  listSweeps: () => Promise<SweepRef[]>
  /** Resolves with how many objects, rows or workflows the sweep processed. */
  runSweep: (input: { name: string }) => Promise<number>
}

/** The activities that runs of v0.1 schedule; to be deleted once no such run is open (docs/adr/0013). */
export interface HousekeepingActivitiesV01 {
  sweepIncomingObjects: () => Promise<number>
  sweepIdempotencyKeys: () => Promise<number>
  sweepSessions: () => Promise<number>
  startOwedFanouts: () => Promise<number>
}
