import { condition, continueAsNew, defineSignal, isCancellation, setHandler } from '@temporalio/workflow'
import {
  addScreenings,
  APPROVE_SCREENING,
  NOTHING_SCREENED,
  PAUSE_SCREENING,
  RESUME_SCREENING,
  SCREENING_PROGRESS,
  SET_SCREENING_RATE,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
} from '../../contracts/library-screening.ts'
import { WHOLE_LIBRARY, type LibraryShare } from '../../domain/library-share.ts'
import { steer, walkLibrary } from '../library-run.ts'
import { trackScreening, type ScreeningTracker } from './progress.ts'
import { steps } from './steps.ts'

const approveScreening = defineSignal(APPROVE_SCREENING)

/** Screens the library, after a trial with a share of it that is to be approved (contracts/library-screening.ts). */
export async function libraryScreening(input: LibraryScreeningInput): Promise<LibraryScreeningProgress> {
  const tracker = openScreening(input)
  const { checkpoint } = tracker
  try {
    if (!input.resume) tracker.change(await steps.survey())
    if (checkpoint().phase === 'canary') {
      await screen(input, tracker, { from: 0, below: input.canary }, true)
      // The trial counts for nothing: its photos are screened with all others.
      tracker.change({
        phase: 'approval',
        canary: checkpoint().tally,
        tally: NOTHING_SCREENED,
        after: undefined,
      })
    }
    if (checkpoint().phase === 'approval') {
      await condition(() => checkpoint().isApproved && !checkpoint().isPaused)
      tracker.change({ phase: 'library' })
    }
    await screen(input, tracker, { from: 0, below: WHOLE_LIBRARY }, false)
    return tracker.finish('done')
  } catch (error) {
    if (isCancellation(error)) tracker.finish('cancelled')
    throw error
  }
}

/** State and handlers. */
function openScreening(input: LibraryScreeningInput): ScreeningTracker {
  const tracker = trackScreening(input)
  steer(tracker, {
    pause: PAUSE_SCREENING,
    resume: RESUME_SCREENING,
    setRate: SET_SCREENING_RATE,
    progress: SCREENING_PROGRESS,
  })
  setHandler(approveScreening, () => tracker.change({ isApproved: true }), {
    description: 'The canary is good: go on with the library',
  })
  return tracker
}

/** Screens a share of the library from the checkpoint on. */
async function screen(
  input: LibraryScreeningInput,
  tracker: ScreeningTracker,
  share: LibraryShare,
  isTrial: boolean,
): Promise<void> {
  await walkLibrary(tracker, {
    async slice(maxPhotos) {
      const { after, tally: before, phase, present } = tracker.checkpoint()
      const slice = await steps.slice(
        { present: present!, all: input.all, isTrial, share, after, maxPhotos },
        `${phase}: photos from ${before.seen + 1} on`,
      )
      tracker.change({ after: slice.after, tally: addScreenings(before, slice.tally) })
      return { isAtEnd: slice.isAtEnd, done: slice.tally.screened + slice.tally.failed }
    },
    continueAnew: () => continueAsNew<typeof libraryScreening>({ ...input, resume: tracker.checkpoint() }),
  })
}
