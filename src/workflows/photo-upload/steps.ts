import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  type ActivityOptions,
} from '@temporalio/workflow'
import type { MediaActivities } from '../../contracts/activities/uploads-media.ts'
import type { EmbeddingActivities } from '../../contracts/activities/embeddings.ts'
import type { SearchActivities } from '../../contracts/activities/search.ts'
import type { UploadActivities } from '../../contracts/activities/uploads.ts'
import {
  decodeOriginal,
  durableStep,
  embedPhotos,
  PERMANENT_FAILURES,
  quickStep,
  renderDeferred,
  renderDeferredSingly,
  renderSingly,
  renderTogether,
} from '../../contracts/activity-options.ts'
import type { UserId } from '../../domain/ids.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'

const quick = (summary: string) => proxyLocalActivities<UploadActivities>({ ...quickStep, summary })
const durable = (summary: string) => proxyActivities<UploadActivities>({ ...durableStep, summary })

/** The steps of an upload, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  claim: quickElseDurable(
    quick('Look at the object and claim the photo').claimUpload,
    durable('Look at the object and claim the photo').claimUpload,
  ),
  publish: quickElseDurable(
    quick('Publish the photo').publishPhoto,
    durable('Publish the photo').publishPhoto,
  ),
  index: proxyActivities<SearchActivities>({ ...durableStep, summary: 'Write the search document' })
    .indexPhoto,
  embed: proxyActivities<EmbeddingActivities>({ ...embedPhotos, summary: 'Have the photo embedded' })
    .embedPhoto,
  startFanout: durable('Start the distribution to followers').startFanout,
  abandon: durable('Abandon: no original arrived in time').abandonUpload,
  fail: durable('Mark the upload as failed and delete its object').failUpload,
  discard: durable('Remove what is left of a deleted upload').discardUpload,
}

/** The steps on the queue of the media worker, which takes turns between owners. */
export function mediaStepsOf(ownerId: UserId) {
  const media = (options: ActivityOptions, summary: string) =>
    proxyActivities<MediaActivities>({
      ...options,
      priority: { ...options.priority, fairnessKey: ownerId },
      summary,
    })
  return {
    validate: media(decodeOriginal, 'Validate the original').validateOriginal,
    renderAll: media(renderTogether, 'Render all variants').renderVariants,
    planVariants: media(
      { ...durableStep, taskQueue: TASK_QUEUES.media },
      'List the variants that are missing',
    ).planVariants,
    renderOne: (variant: string) => media(renderSingly, `Render ${variant}`).renderVariant,
    renderDeferred: media(renderDeferred, 'Render the variants that could wait').renderDeferredVariants,
    renderDeferredOne: (variant: string) => media(renderDeferredSingly, `Render ${variant}`).renderVariant,
  }
}
export type MediaSteps = ReturnType<typeof mediaStepsOf>

/**
 * Tries a step inside the workflow task. If that is slow or fails, schedules it, so that it is visible and retried
 * forever.
 */
function quickElseDurable<Input, Output>(
  attempt: (input: Input) => Promise<Output>,
  schedule: (input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    try {
      return await attempt(input)
    } catch (error) {
      if (isCancellation(error) || isPermanent(error)) throw error
      return schedule(input)
    }
  }
}

function isPermanent(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.nonRetryable === true
  )
}

/** Why the original is not a photo; undefined if the failure is about something else. */
export function invalidImageOf(error: unknown): { code: string; detail: string } | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return undefined
  if (error.cause.type !== PERMANENT_FAILURES.invalidImage) return undefined
  return error.cause.details?.[0] as { code: string; detail: string }
}
