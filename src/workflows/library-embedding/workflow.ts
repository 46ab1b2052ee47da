import {
  condition,
  continueAsNew,
  ContinueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  addEmbeddings,
  EMBEDDING_PROGRESS,
  NOTHING_EMBEDDED,
  PAUSE_EMBEDDING,
  RESUME_EMBEDDING,
  SET_EMBEDDING_RATE,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
} from '../../contracts/library-embedding.ts'
import { MINUTE_MS, photosOfSlice, untilDue } from '../pace.ts'
import { trackEmbedding, type EmbeddingTracker } from './progress.ts'
import { steps } from './steps.ts'

const pauseEmbedding = defineSignal(PAUSE_EMBEDDING)
const resumeEmbedding = defineSignal(RESUME_EMBEDDING)
const setEmbeddingRate = defineSignal<[number]>(SET_EMBEDDING_RATE)
const embeddingProgress = defineQuery<LibraryEmbeddingProgress>(EMBEDDING_PROGRESS)

/** Has the library embedded by the present model (contracts/library-embedding.ts). */
export async function libraryEmbedding(input: LibraryEmbeddingInput): Promise<LibraryEmbeddingProgress> {
  const tracker = openEmbedding(input)
  try {
    if (!input.resume) tracker.change(await steps.survey())
    await embed(tracker)
    return tracker.finish('done')
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error
    tracker.finish(isCancellation(error) ? 'cancelled' : 'failed')
    throw error
  }
}

/** State and handlers. */
function openEmbedding(input: LibraryEmbeddingInput): EmbeddingTracker {
  const tracker = trackEmbedding(input)
  setHandler(pauseEmbedding, () => tracker.change({ isPaused: true }), {
    description: 'Hold after the slice under way',
  })
  setHandler(resumeEmbedding, () => tracker.change({ isPaused: false }), { description: 'Go on' })
  setHandler(
    setEmbeddingRate,
    (photosPerMinute) => {
      if (photosPerMinute > 0) tracker.change({ photosPerMinute })
    },
    { description: 'Photos a minute from now on' },
  )
  setHandler(embeddingProgress, tracker.get, { description: 'How far the run has come' })
  return tracker
}

/** Goes through the library from the checkpoint on, slice by slice; from its beginning again if the model changes meanwhile. */
async function embed(tracker: EmbeddingTracker): Promise<void> {
  for (;;) {
    await condition(() => !tracker.checkpoint().isPaused)
    const { model, after, tally: before, photosPerMinute } = tracker.checkpoint()
    const beganAtMs = Date.now()
    const maxPhotos = photosOfSlice(photosPerMinute)
    const slice = await steps.slice({ model: model!, after, maxPhotos }, `Photos from ${before.seen + 1} on`)
    const isSameModel = slice.model === model
    tracker.change(
      isSameModel
        ? { after: slice.after, tally: addEmbeddings(before, slice.tally) }
        : { model: slice.model, after: undefined, tally: NOTHING_EMBEDDED },
    )
    if (slice.isAtEnd && isSameModel) return
    const done = slice.tally.embedded + slice.tally.failed
    await untilDue(
      () => ({ rate: tracker.checkpoint().photosPerMinute, perMs: MINUTE_MS, beganAtMs, done }),
      'Until the rate allows the next photo',
    )
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof libraryEmbedding>({
        photosPerMinute: tracker.checkpoint().photosPerMinute,
        resume: tracker.checkpoint(),
      })
  }
}
