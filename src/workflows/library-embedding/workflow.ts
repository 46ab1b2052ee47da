import { continueAsNew, ContinueAsNew, isCancellation } from '@temporalio/workflow'
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
import { steer, walkLibrary } from '../library-run.ts'
import { trackEmbedding, type EmbeddingTracker } from './progress.ts'
import { steps } from './steps.ts'

/** Has the library embedded by the present model (contracts/library-embedding.ts). */
export async function libraryEmbedding(input: LibraryEmbeddingInput): Promise<LibraryEmbeddingProgress> {
  const tracker = openEmbedding(input)
  const { checkpoint } = tracker
  try {
    if (!input.resume) tracker.change(await steps.survey())
    await embed(tracker)
    if (checkpoint().tally.strayed > 0 && !checkpoint().isAgain) {
      // Once only: a service of two models at once would have the library embedded without end.
      tracker.change({ ...(await steps.survey()), isAgain: true, after: undefined, tally: NOTHING_EMBEDDED })
      await embed(tracker)
    }
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
  steer(tracker, {
    pause: PAUSE_EMBEDDING,
    resume: RESUME_EMBEDDING,
    setRate: SET_EMBEDDING_RATE,
    progress: EMBEDDING_PROGRESS,
  })
  return tracker
}

/** Goes through the library from the checkpoint on. */
async function embed(tracker: EmbeddingTracker): Promise<void> {
  await walkLibrary(tracker, {
    async slice(maxPhotos) {
      const { model, after, tally: before } = tracker.checkpoint()
      const slice = await steps.slice(
        { model: model!, after, maxPhotos },
        `Photos from ${before.seen + 1} on`,
      )
      tracker.change({ after: slice.after, tally: addEmbeddings(before, slice.tally) })
      return { isAtEnd: slice.isAtEnd, done: slice.tally.embedded + slice.tally.failed }
    },
    continueAnew() {
      const resume = tracker.checkpoint()
      return continueAsNew<typeof libraryEmbedding>({ photosPerMinute: resume.photosPerMinute, resume })
    },
  })
}
