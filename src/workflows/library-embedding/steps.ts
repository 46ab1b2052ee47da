import { proxyActivities } from '@temporalio/workflow'
import type { LibraryEmbeddingActivities } from '../../contracts/activities/library-embedding.ts'
import { durableStep, embedLibrary } from '../../contracts/activity-options.ts'
import type { EmbeddingSliceInput, EmbeddingSliceResult } from '../../contracts/library-embedding.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'

const slices = proxyActivities<LibraryEmbeddingActivities>(embedLibrary)

/** The steps of libraryEmbedding, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  survey: proxyActivities<LibraryEmbeddingActivities>({
    ...durableStep,
    taskQueue: TASK_QUEUES.embedding,
    summary: 'Ask for the present model, and count the photos',
  }).surveyEmbeddings,
  slice: (input: EmbeddingSliceInput, summary: string): Promise<EmbeddingSliceResult> =>
    slices.embedSlice.executeWithOptions({ summary }, [input]),
}
