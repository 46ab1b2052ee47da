import type { Housekeeping } from '../services/operations/housekeeping.ts'
import { withFailures } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export function createHousekeepingActivities({ housekeeping }: { housekeeping: Housekeeping }) {
  return withFailures({
    sweepIncomingObjects: () => whileHeartbeating((signal) => housekeeping.sweepIncoming(signal)),
    sweepIdempotencyKeys: () => whileHeartbeating((signal) => housekeeping.sweepIdempotencyKeys(signal)),
    sweepSessions: () => whileHeartbeating((signal) => housekeeping.sweepSessions(signal)),
    startOwedFanouts: () => whileHeartbeating((signal) => housekeeping.startOwedFanouts(signal)),
  })
}

export type HousekeepingActivities = ReturnType<typeof createHousekeepingActivities>
