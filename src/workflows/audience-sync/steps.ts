import { proxyActivities } from '@temporalio/workflow'
import { durableStep, refuseAtEdge } from '../../contracts/activity-options.ts'
import type { RetractionActivities } from '../../contracts/activities/retraction.ts'

const durable = (summary: string) => proxyActivities<RetractionActivities>({ ...durableStep, summary })

/** The steps of audienceSync, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read which URLs are to be refused').planAudienceSync,
  deny: (edge: string) =>
    proxyActivities<RetractionActivities>({
      ...refuseAtEdge(edge),
      summary: `Have ${edge} deny what followers were given`,
    }).denyAudienceAtEdge,
  recordProof: durable('Record that every edge refuses').recordAudienceProof,
}
