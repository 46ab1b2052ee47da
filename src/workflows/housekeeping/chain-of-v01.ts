import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { HousekeepingActivitiesV01 } from '../../contracts/activities/operations.ts'
import { sweep } from '../../contracts/activity-options.ts'
import type { HousekeepingResult } from '../../contracts/housekeeping.ts'

const sweeping = (summary: string) => proxyActivities<HousekeepingActivitiesV01>({ ...sweep, summary })
const { sweepIncomingObjects } = sweeping('Delete objects of uploads that are closed')
const { sweepIdempotencyKeys } = sweeping('Delete answers kept for longer than a day')
const { sweepSessions } = sweeping('Delete sessions that have ended')
const { startOwedFanouts } = sweeping('Start fanouts that are owed for long')

/** The fixed chain of sweeps that runs begun by v0.1 execute; to be deleted once none is open (docs/adr/0013). */
export async function chainOfV01(): Promise<HousekeepingResult> {
  const incomingObjects = await sweepIncomingObjects()
  const idempotencyKeys = await sweepIdempotencyKeys()
  const sessions = await sweepSessions()
  const fanouts = await startOwedFanouts()
  setCurrentDetails(
    `Deleted ${incomingObjects} incoming objects, ${idempotencyKeys} idempotency keys, ${sessions} sessions; started ${fanouts} fanouts`,
  )
  return { incomingObjects, idempotencyKeys, sessions, fanouts }
}
