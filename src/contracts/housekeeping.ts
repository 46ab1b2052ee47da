/** Sweeps what nobody needs any more, and starts fanouts that were lost; started each hour by a Temporal Schedule. */
export const HOUSEKEEPING = 'housekeeping'
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping'

export interface HousekeepingResult {
  incomingObjects: number
  idempotencyKeys: number
  sessions: number
  /** Started or woken. */
  fanouts: number
}
