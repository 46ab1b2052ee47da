import { Context } from '@temporalio/activity'
import type { DriftActivities } from '../contracts/activities/search-drift.ts'
import type { IndexCare } from '../services/search/index-care.ts'
import { asActivities } from './failures.ts'

/** The steps of searchDrift. */
export function createDriftActivities({ care }: { care: IndexCare }): DriftActivities {
  return asActivities<DriftActivities>({
    inspectIndex: () => care.inspect(),
    compareDocuments: ({ after }) => care.compare(after, Context.current().cancellationSignal),
    refreshPopularity: () => care.refreshPopularity(Context.current().cancellationSignal),
  })
}
