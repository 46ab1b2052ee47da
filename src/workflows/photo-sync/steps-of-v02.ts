import { proxyActivities } from '@temporalio/workflow'
import type { SearchActivities } from '../../contracts/activities/search.ts'
import type { RetractionActivities, SyncActivitiesV02 } from '../../contracts/activities/retraction.ts'
import { durableStep, refuseAtEdges } from '../../contracts/activity-options.ts'

const durable = (summary: string) =>
  proxyActivities<SyncActivitiesV02 & RetractionActivities>({ ...durableStep, summary })
const atEdges = (summary: string) =>
  proxyActivities<SyncActivitiesV02 & RetractionActivities>({ ...refuseAtEdges, summary })

/** The steps of photoSync in v0.2, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read what the row asks for').planSync,
  stopUpload: durable('Tell the upload that its photo was deleted').stopUpload,
  deny: atEdges('Have every edge deny old URLs').denyAtEdges,
  move: durable('Move variants to keys of the new access epoch').moveVariants,
  listObjects: durable('List what is stored').listObjects,
  deleteObjects: durable('Delete what is stored').deleteObjects,
  refuse: atEdges('Purge every edge and prove that old URLs are refused').refuseAtEdges,
  reconcileDistribution: durable('Have the distribution reconciled').reconcileDistribution,
  index: proxyActivities<SearchActivities>({
    ...durableStep,
    summary: 'Bring the search document in line',
  }).indexPhoto,
}
