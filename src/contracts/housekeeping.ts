/** Deletes obsolete data and starts fanouts that were lost; scheduled every hour. */
export const HOUSEKEEPING = 'housekeeping'
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping'

/** What the workflow knows about a sweep. */
export interface SweepRef {
  /** The key of its count in the result. */
  name: string
  /** The line that operators read. */
  summary: string
}

/** A sweep as its module exports it. */
export interface Sweep extends SweepRef {
  /**
   * Does all pending work in batches; may run twice.
   * @returns how many objects, rows or workflows it processed
   */
  run(signal?: AbortSignal): Promise<number>
}

/** How many objects, rows or workflows each sweep processed. */
export type HousekeepingResult = Readonly<Record<string, number>>

/** Failure type of a run in which some sweeps failed; details `[{ done: HousekeepingResult, failed: string[] }]`. */
export const SWEEPS_FAILED = 'SweepsFailed'
