import type { FeedSweep } from '../services/feed/sweep.ts'
import { withFailures } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export function createFeedSweepActivities({ sweep }: { sweep: FeedSweep }) {
  return withFailures({
    unenrolInactive: () => whileHeartbeating((signal) => sweep.unenrolInactive(signal)),
    collectFeedRows: () => whileHeartbeating((signal) => sweep.sweepRows(signal)),
  })
}

export type FeedSweepActivities = ReturnType<typeof createFeedSweepActivities>
