import type { PhotoId, UserId } from '../domain/ids.ts'

/** One upload, from the pre-signed URL to the last variant. */
export const PHOTO_UPLOAD = 'photoUpload'
export const photoUploadWorkflowId = (photoId: PhotoId): string => `photo/${photoId}`

export interface PhotoUploadInput {
  photoId: PhotoId
  ownerId: UserId
  /** When the pre-signed URL expires, in ms since 1970. */
  expiresAtMs: number
}

/**
 * Signal: the original may have arrived (storage event, `complete` or relay). A hint: the workflow checks the object.
 */
export const ORIGINAL_ARRIVED = 'originalArrived'
/** Signal: the photo was deleted; stop what is under way. */
export const PHOTO_DELETED = 'photoDeleted'
/** Query: the state of every step. */
export const UPLOAD_PROGRESS = 'uploadProgress'

export const UPLOAD_STEPS = [
  'arrival',
  'validation',
  'publication',
  'variants',
  'search',
  'fanout',
  'moderation',
] as const
export type UploadStepName = (typeof UPLOAD_STEPS)[number]
export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'skipped'

export interface UploadStep {
  name: UploadStepName
  state: StepState
  attempts: number
  /** Short, without personal data: `8 of 12`, `not_an_image`. */
  detail?: string
}

export type UploadStage =
  'awaiting_upload' | 'processing' | 'ready' | 'degraded' | 'failed' | 'abandoned' | 'deleted'

export interface UploadProgress {
  stage: UploadStage
  steps: UploadStep[]
}

export interface PhotoUploadResult {
  stage: UploadStage
  failureCode?: string
}
