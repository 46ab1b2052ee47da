import type { PhotoId, UserId } from '../domain/ids.ts'
import type { Uploads } from '../services/uploads/claim-and-publish.ts'
import type { WorkflowStarts } from '../services/delivery/workflow-starts.ts'
import { withFailures } from './failures.ts'

export interface UploadActivitiesDeps {
  uploads: Uploads
  starts: WorkflowStarts
}

/** The short steps of photoUpload; they touch rows and keys, not pixels. */
export function createUploadActivities({ uploads, starts }: UploadActivitiesDeps) {
  return withFailures({
    claimUpload: ({ photoId }: { photoId: PhotoId }) => uploads.claim(photoId),
    publishPhoto: ({ photoId }: { photoId: PhotoId }) => uploads.publish(photoId),
    abandonUpload: ({ photoId }: { photoId: PhotoId }) => uploads.abandon(photoId),
    failUpload: ({ photoId, code, detail }: { photoId: PhotoId; code: string; detail: string }) =>
      uploads.fail(photoId, code, detail),
    discardUpload: ({ photoId }: { photoId: PhotoId }) => uploads.discard(photoId),
    startFanout: (input: { photoId: PhotoId; ownerId: UserId }) => starts.reconcileDistribution(input),
  })
}

export type UploadActivities = ReturnType<typeof createUploadActivities>
