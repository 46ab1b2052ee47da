import { activityInfo } from '@temporalio/activity'
import type { PhotoId, UserId } from '../domain/ids.ts'
import { measureRefusal, type RefusalStep } from '../observability/retraction-events.ts'
import type { PhotoSync, StaleVariant } from '../services/retraction/photo-sync.ts'
import type { WorkflowStarts } from '../services/delivery/workflow-starts.ts'
import { withFailures } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export interface SyncActivitiesDeps {
  photoSync: PhotoSync
  starts: WorkflowStarts
}

/** The steps of photoSync. */
export function createSyncActivities({ photoSync, starts }: SyncActivitiesDeps) {
  return withFailures({
    planSync: ({ photoId }: { photoId: PhotoId }) => photoSync.plan(photoId),
    stopUpload: ({ photoId }: { photoId: PhotoId }) => starts.stopUpload(photoId),
    denyAtEdges: ({ photoId, minEpoch }: { photoId: PhotoId; minEpoch: number }) =>
      measured('deny', () => whileHeartbeating(() => photoSync.deny(photoId, minEpoch))),
    moveVariants: (move: { photoId: PhotoId; accessEpoch: number; stale: StaleVariant[] }) =>
      photoSync.move(move.photoId, move.accessEpoch, move.stale),
    listObjects: ({ photoId }: { photoId: PhotoId }) => photoSync.listObjects(photoId),
    deleteObjects: ({ photoId, keys }: { photoId: PhotoId; keys: string[] }) =>
      photoSync.deleteObjects(photoId, keys),
    refuseAtEdges: ({ photoId, keys }: { photoId: PhotoId; keys: string[] }) =>
      measured('prove', () => whileHeartbeating(() => photoSync.refuse(photoId, keys))),
    reconcileDistribution: (input: { photoId: PhotoId; ownerId: UserId }) =>
      starts.reconcileDistribution(input),
  })
}

export type SyncActivities = ReturnType<typeof createSyncActivities>

/** The activity keeps its id and first schedule time over all its attempts. */
function measured<Result>(step: RefusalStep, attempt: () => Promise<Result>): Promise<Result> {
  const { workflowExecution, activityId, scheduledTimestampMs } = activityInfo()
  const key = `${workflowExecution?.runId}/${activityId}`
  return measureRefusal({ key, step, since: scheduledTimestampMs }, attempt)
}
