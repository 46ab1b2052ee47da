import { executeChild } from '@temporalio/workflow'
import {
  PHOTO_MODERATION,
  photoModerationWorkflowId,
  type ModerationOutcome,
  type ModerationPlan,
  type PhotoModerationInput,
} from '../../contracts/photo-moderation.ts'
import type { PhotoUploadInput } from '../../contracts/photo-upload.ts'

/** Below uploads (the default is 3), so that photos are shown before others are looked at. */
const AFTER_UPLOADS = { priorityKey: 4 }

/**
 * Has the photo moderated by a child with a history of its own. Media workers of v0.3 on send a plan with the validated original, so
 * that the histories of older ones have none, and no child.
 */
export async function moderate(
  { photoId, ownerId }: PhotoUploadInput,
  plan: ModerationPlan,
): Promise<ModerationOutcome> {
  return executeChild<(input: PhotoModerationInput) => Promise<ModerationOutcome>>(PHOTO_MODERATION, {
    workflowId: photoModerationWorkflowId(photoId),
    args: [{ photoId, ownerId, plan }],
    staticSummary: plan.mode === 'pre' ? 'Moderate the photo before it is published' : 'Moderate the photo',
    ...(plan.mode === 'post' && { priority: AFTER_UPLOADS }),
  })
}
