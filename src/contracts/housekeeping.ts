/** Sweeps what nobody needs any more, and starts fanouts that were lost; started each hour by a Temporal Schedule. */
export const HOUSEKEEPING = 'housekeeping'
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping'

/** What the workflow knows of a sweep. */
export interface SweepRef {
  /** Of the count in the result. */
  name: string
  /** The line that an operator reads. */
  summary: string
}

/** A sweep as its module exports it. */
export interface Sweep extends SweepRef {
  /**
   * Does what is there to do, in batches; may run twice.
   * @returns how many objects, rows or workflows it was about
   */
  run(signal?: AbortSignal): Promise<number>
}

/** By sweep, how many objects, rows or workflows it was about. */
export type HousekeepingResult = Readonly<Record<string, number>>

/** Failure type of a run some of whose sweeps failed; details `[{ done: HousekeepingResult, failed: string[] }]`. */
export const SWEEPS_FAILED = 'SweepsFailed'
