import { proxyActivities } from '@temporalio/workflow'
import { durableStep, indexDocuments, refuseAtEdge } from '../../contracts/activity-options.ts'
import type { GraphActivities } from '../../contracts/activities/graph.ts'
import type { RetractionActivities } from '../../contracts/activities/retraction.ts'
import type { SearchActivities } from '../../contracts/activities/search.ts'

const durable = (summary: string) => proxyActivities<RetractionActivities>({ ...durableStep, summary })

/** The steps of accountSync, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read what the account asks for').planAccountSync,
  deny: (edge: string) =>
    proxyActivities<RetractionActivities>({
      ...refuseAtEdge(edge),
      summary: `Have ${edge} deny all of the account`,
    }).denyAccountAtEdge,
  withdraw: durable('Revoke the URLs of the next public photos').withdrawPhotos,
  index: proxyActivities<SearchActivities>({
    ...indexDocuments,
    summary: 'Bring the next search documents in line',
  }).indexPhotosOf,
  approveWaiting: proxyActivities<GraphActivities>({
    ...durableStep,
    summary: 'Approve the next requests that wait',
  }).approveWaiting,
  recordProof: durable('Record that every edge refuses').recordAccountProof,
}
