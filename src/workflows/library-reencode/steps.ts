import { proxyActivities } from '@temporalio/workflow'
import type { ReencodeActivities } from '../../contracts/activities/library-reencode.ts'
import { durableStep, reencodeLibrary } from '../../contracts/activity-options.ts'
import type { ReencodeSliceInput, ReencodeSliceResult } from '../../contracts/library-reencode.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'

const slices = proxyActivities<ReencodeActivities>(reencodeLibrary)

/** The steps of libraryReencode, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  count: proxyActivities<ReencodeActivities>({
    ...durableStep,
    taskQueue: TASK_QUEUES.media,
    summary: 'Count the photos',
  }).countPhotos,
  slice: (input: ReencodeSliceInput, summary: string): Promise<ReencodeSliceResult> =>
    slices.reencodeSlice.executeWithOptions({ summary }, [input]),
}
