/** Sweeps what nobody needs any more; started each hour by a Temporal Schedule. */
export const HOUSEKEEPING = 'housekeeping'
export const HOUSEKEEPING_SCHEDULE_ID = 'housekeeping'

export interface HousekeepingResult {
  incomingObjects: number
  idempotencyKeys: number
  sessions: number
}
