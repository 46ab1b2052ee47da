import { proxyActivities } from '@temporalio/workflow'
import type { DriftActivities } from '../../contracts/activities/search-drift.ts'
import { rebuildIndex } from '../../contracts/activity-options.ts'

const index = (summary: string) => proxyActivities<DriftActivities>({ ...rebuildIndex, summary })

/** The steps of searchDrift, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  inspect: index('Look at the index as a whole').inspectIndex,
  refreshPopularity: index('Have documents follow the likes of their photos').refreshPopularity,
  compare: index('Compare the next photos with their documents').compareDocuments,
}
