import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'

/** `closed`: the photo is no longer an upload (published, failed, deleted) or was never one (no status). */
export type ClaimOutcome =
  { outcome: 'claimed' } | { outcome: 'absent' } | { outcome: 'closed'; status?: PhotoStatus }

export type PublishOutcome = { outcome: 'published'; version: number } | { outcome: 'gone' }

/** The short steps of photoUpload: they touch rows and objects and decode no pixels. */
export interface UploadActivities {
  claimUpload: (input: { photoId: PhotoId }) => Promise<ClaimOutcome>
  publishPhoto: (input: { photoId: PhotoId }) => Promise<PublishOutcome>
  abandonUpload: (input: { photoId: PhotoId }) => Promise<void>
  /** Resolves with the photo's status afterwards; workers of v0.1 resolve with nothing. */
  failUpload: (input: {
    photoId: PhotoId
    code: string
    detail: string
  }) => Promise<{ status: PhotoStatus | null } | undefined>
  discardUpload: (input: { photoId: PhotoId }) => Promise<void>
  startFanout: (input: { photoId: PhotoId; ownerId: UserId }) => Promise<void>
}
