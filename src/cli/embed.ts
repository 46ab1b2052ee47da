import {
  EMBEDDING_PROGRESS,
  LIBRARY_EMBEDDING,
  LIBRARY_EMBEDDING_ID,
  PAUSE_EMBEDDING,
  RESUME_EMBEDDING,
  SET_EMBEDDING_RATE,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
} from '../contracts/library-embedding.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { onlyOneOf } from './exit.ts'
import { operateRun, type WatchedRun } from './watched-run.ts'

export interface EmbedOptions {
  rate?: number
  status?: boolean
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

/** Five a second, which leaves a service of some ten room for uploads and searches. */
const DEFAULT_RATE = 300

const embedding: WatchedRun<LibraryEmbeddingProgress> = {
  workflowId: LIBRARY_EMBEDDING_ID,
  name: 'the embedding',
  absent: 'the library is not being embedded',
  underWay: 'the library is being embedded: see --status',
  progress: EMBEDDING_PROGRESS,
  pause: PAUSE_EMBEDDING,
  resume: RESUME_EMBEDDING,
  lineOf: ({ state, tally, photos }) =>
    `${state}: ${tally.embedded} embedded, ${tally.failed} failed, ${tally.seen} of ${photos} seen`,
  shareOf: ({ photos, tally }) => ({ done: tally.seen, total: photos }),
  summaryOf: ({ state, model, tally }) => [
    ...(model === undefined ? [] : [`  by ${model}`]),
    ...(tally.strayed > 0 ? [`  ${tally.strayed} by another model: does the service run two of them?`] : []),
    ...tally.failures.map(({ photoId, code }) => `  failed: ${photoId} ${code}`),
    ...(state === 'failed'
      ? ['see the workflow: does EMBEDDING_URL of the media worker name a service?']
      : []),
  ],
}

/**
 * Has the library embedded and watches it, or operates the run that does.
 * @throws UsageError for conflicting options
 * @throws Error for an operator: no Temporal, worker or run, or one that runs already
 */
export async function controlEmbedding(options: EmbedOptions): Promise<void> {
  const wish = onlyOneOf(['status', 'pause', 'resume', 'cancel'], options) ?? 'start'
  await operateRun(embedding, wish, {
    start: async (run) => {
      if (options.rate !== undefined && (await run.isRunning()))
        return run.signal(SET_EMBEDDING_RATE, options.rate)
      const input: LibraryEmbeddingInput = { photosPerMinute: options.rate ?? DEFAULT_RATE }
      await run.call((temporal) =>
        temporal.workflow.start(LIBRARY_EMBEDDING, {
          workflowId: LIBRARY_EMBEDDING_ID,
          taskQueue: TASK_QUEUES.orchestration,
          args: [input],
          staticSummary: 'Have the library embedded by the present model',
          typedSearchAttributes: [{ key: stageAttribute, value: 'library' }],
        }),
      )
    },
  })
}
