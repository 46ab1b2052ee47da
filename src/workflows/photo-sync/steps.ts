import { proxyActivities } from '@temporalio/workflow'
import {
  durableStep,
  indexDocuments,
  refuseAtEdge,
  renderDeferredSingly,
  renderSingly,
} from '../../contracts/activity-options.ts'
import type { RetractionActivities } from '../../contracts/activities/retraction.ts'
import type { SearchActivities } from '../../contracts/activities/search.ts'
import type { MediaActivities } from '../../contracts/activities/uploads-media.ts'

const durable = (summary: string) => proxyActivities<RetractionActivities>({ ...durableStep, summary })

/** The steps of photoSync, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read what the row asks for').planPhotoSync,
  stopUpload: durable('Tell the upload that its photo was deleted').stopUpload,
  refuse: (edge: string) =>
    proxyActivities<RetractionActivities>({ ...refuseAtEdge(edge), summary: `Have ${edge} refuse old URLs` })
      .refusePhotoAtEdge,
  move: (variant: string) => durable(`Move ${variant} to a key of the new access epoch`).moveVariant,
  renderAgain: (variant: string) =>
    proxyActivities<MediaActivities>({
      ...renderSingly,
      summary: `Render ${variant} again, whose object is gone`,
    }).renderVariant,
  renderMissing: (variant: string) =>
    proxyActivities<MediaActivities>({
      ...renderDeferredSingly,
      summary: `Make ${variant}, which the row asks for`,
    }).renderVariant,
  sweep: durable('Delete variants that no row names').sweepVariants,
  deleteObjects: durable('Delete what is stored').deletePhotoObjects,
  scrub: durable('Empty the row, and delete what others said').scrubPhoto,
  reconcileDistribution: durable('Have the distribution reconciled').reconcileDistribution,
  index: proxyActivities<SearchActivities>({
    ...indexDocuments,
    summary: 'Bring the search document in line',
  }).indexPhoto,
  recordProof: durable('Record that every edge refuses').recordPhotoProof,
  recordErasure: durable('Complete the receipt').recordErasure,
}
