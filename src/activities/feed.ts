import type { FeedCollection } from '../services/feed/sweep.ts'
import { withFailures } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export function createFeedCollectionActivities({ collection }: { collection: FeedCollection }) {
  return withFailures({
    unenrolInactive: () => whileHeartbeating((signal) => collection.unenrolInactive(signal)),
    collectFeedRows: () => whileHeartbeating((signal) => collection.collectRows(signal)),
  })
}

export type FeedCollectionActivities = ReturnType<typeof createFeedCollectionActivities>
