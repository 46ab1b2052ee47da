import { proxyActivities } from '@temporalio/workflow'
import type { DiscoveryActivities } from '../../contracts/activities/discovery.ts'
import { rank } from '../../contracts/activity-options.ts'

const step = (summary: string) => proxyActivities<DiscoveryActivities>({ ...rank, summary })

/** The steps of discoveryRanking, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  rankTags: step('Rank the tags that trend').rankTags,
  rankPhotos: step('Put the photos of explore in order').rankPhotos,
}
