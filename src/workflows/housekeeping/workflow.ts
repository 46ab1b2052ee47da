import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { HousekeepingActivities } from '../../activities/operations.ts'
import { sweep } from '../../contracts/activity-options.ts'
import type { HousekeepingResult } from '../../contracts/housekeeping.ts'

const sweeping = (summary: string) => proxyActivities<HousekeepingActivities>({ ...sweep, summary })
const { sweepIncomingObjects } = sweeping('Delete objects of uploads that are closed')
const { sweepIdempotencyKeys } = sweeping('Delete answers kept for longer than a day')
const { sweepSessions } = sweeping('Delete sessions that have ended')
const { startOwedFanouts } = sweeping('Start fanouts that are owed for long')

/** One sweep, one thing after the other: there is no hurry, and the database has others to serve. */
export async function housekeeping(): Promise<HousekeepingResult> {
  const incomingObjects = await sweepIncomingObjects()
  const idempotencyKeys = await sweepIdempotencyKeys()
  const sessions = await sweepSessions()
  const fanouts = await startOwedFanouts()
  setCurrentDetails(
    `Deleted ${incomingObjects} incoming objects, ${idempotencyKeys} idempotency keys, ${sessions} sessions; started ${fanouts} fanouts`,
  )
  return { incomingObjects, idempotencyKeys, sessions, fanouts }
}
