import type { FeedSweepActivities } from '../contracts/activities/feed.ts'
import type { FeedSweep } from '../services/feed/sweep.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The steps of feedCollection. */
export function createFeedSweepActivities({ sweep }: { sweep: FeedSweep }): FeedSweepActivities {
  return asActivities<FeedSweepActivities>({
    unenrolInactive: () => whileHeartbeating((signal) => sweep.unenrolInactive(signal)),
    collectFeedRows: () => whileHeartbeating((signal) => sweep.sweepRows(signal)),
  })
}
