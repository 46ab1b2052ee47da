import type { UploadActivities } from '../contracts/activities/uploads.ts'
import type { Uploads } from '../services/uploads/claim-and-publish.ts'
import type { WorkflowStarts } from '../services/delivery/workflow-starts.ts'
import { asActivities } from './failures.ts'

export interface UploadActivitiesDeps {
  uploads: Uploads
  starts: WorkflowStarts
}

/** The short steps of photoUpload: they touch rows and objects and decode no pixels. */
export function createUploadActivities({ uploads, starts }: UploadActivitiesDeps): UploadActivities {
  return asActivities<UploadActivities>({
    claimUpload: ({ photoId }) => uploads.claim(photoId),
    publishPhoto: ({ photoId }) => uploads.publish(photoId),
    abandonUpload: ({ photoId }) => uploads.abandon(photoId),
    failUpload: ({ photoId, code, detail }) => uploads.fail(photoId, code, detail),
    discardUpload: ({ photoId }) => uploads.discard(photoId),
    startFanout: (input) => starts.reconcileDistribution(input),
  })
}
