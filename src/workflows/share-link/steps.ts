import { proxyActivities } from '@temporalio/workflow'
import { durableStep, refuseLinkAtEdge } from '../../contracts/activity-options.ts'
import type { ShareLinkActivities } from '../../contracts/activities/share-links.ts'

const durable = (summary: string) => proxyActivities<ShareLinkActivities>({ ...durableStep, summary })

/** The steps of shareLink, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read what the link asks for').planShareLink,
  end: durable('End the expired link').endShareLink,
  refuse: (edge: string) =>
    proxyActivities<ShareLinkActivities>({
      ...refuseLinkAtEdge(edge),
      summary: `Have ${edge} refuse what was issued through the link`,
    }).refuseLinkAtEdge,
  recordProof: durable('Record that every edge refuses').recordLinkProof,
  purge: durable('Forget the link').purgeShareLink,
}
