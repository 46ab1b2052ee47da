import { proxyActivities } from '@temporalio/workflow'
import type { LibraryScreeningActivities } from '../../contracts/activities/library-screening.ts'
import { durableStep, screenLibrary } from '../../contracts/activity-options.ts'
import type { ScreeningSliceInput, ScreeningSliceResult } from '../../contracts/library-screening.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'

const slices = proxyActivities<LibraryScreeningActivities>(screenLibrary)

/** The steps of libraryScreening, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  survey: proxyActivities<LibraryScreeningActivities>({
    ...durableStep,
    taskQueue: TASK_QUEUES.moderation,
    summary: 'Ask for the present model, and count the photos',
  }).surveyLibrary,
  slice: (input: ScreeningSliceInput, summary: string): Promise<ScreeningSliceResult> =>
    slices.screenSlice.executeWithOptions({ summary }, [input]),
}
