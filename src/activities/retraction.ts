import { activityInfo } from '@temporalio/activity'
import type { SyncActivities } from '../contracts/activities/retraction.ts'
import { measureRefusal, type RefusalStep } from '../observability/retraction-events.ts'
import type { PhotoSync } from '../services/retraction/photo-sync.ts'
import type { WorkflowStarts } from '../services/delivery/workflow-starts.ts'
import { withFailures } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export interface SyncActivitiesDeps {
  photoSync: PhotoSync
  starts: WorkflowStarts
}

/** The steps of photoSync. */
export function createSyncActivities({ photoSync, starts }: SyncActivitiesDeps): SyncActivities {
  return withFailures<SyncActivities>({
    planSync: ({ photoId }) => photoSync.plan(photoId),
    stopUpload: ({ photoId }) => starts.stopUpload(photoId),
    denyAtEdges: ({ photoId, minEpoch }) =>
      measured('deny', () => whileHeartbeating(() => photoSync.deny(photoId, minEpoch))),
    moveVariants: (move) => photoSync.move(move.photoId, move.accessEpoch, move.stale),
    listObjects: ({ photoId }) => photoSync.listObjects(photoId),
    deleteObjects: ({ photoId, keys }) => photoSync.deleteObjects(photoId, keys),
    refuseAtEdges: ({ photoId, keys }) =>
      measured('prove', () => whileHeartbeating(() => photoSync.refuse(photoId, keys))),
    reconcileDistribution: (input) => starts.reconcileDistribution(input),
  })
}

/** Measures an attempt as part of its activity, whose id and first schedule time stay the same over all attempts. */
function measured<Result>(step: RefusalStep, attempt: () => Promise<Result>): Promise<Result> {
  const { workflowExecution, activityId, scheduledTimestampMs } = activityInfo()
  const key = `${workflowExecution?.runId}/${activityId}`
  return measureRefusal({ key, step, since: scheduledTimestampMs }, attempt)
}
