import { proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { FeedSweepActivities } from '../../contracts/activities/feed.ts'
import { sweep } from '../../contracts/activity-options.ts'
import type { FeedCollectionResult } from '../../contracts/feed-collection.ts'

const sweeping = (summary: string) => proxyActivities<FeedSweepActivities>({ ...sweep, summary })
const { unenrolInactive } = sweeping('Un-enrol users who have not read for long')
const { collectFeedRows } = sweeping('Delete rows that no longer belong')

/** Sweeps stored feeds once; the next sweep continues with what this one has no time for. */
export async function feedCollection(): Promise<FeedCollectionResult> {
  const unenrolled = await unenrolInactive()
  const rowsDeleted = await collectFeedRows()
  setCurrentDetails(`Un-enrolled ${unenrolled} users, deleted ${rowsDeleted} rows of feeds`)
  return { unenrolled, rowsDeleted }
}
