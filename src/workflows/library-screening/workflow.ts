import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { WHOLE_LIBRARY, type LibraryShare } from '../../contracts/library-reencode.ts'
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
import { trackScreening, type ScreeningTracker } from './progress.ts'
import { MINUTE_MS, photosOfSlice, untilDue } from '../pace.ts'
import { steps } from './steps.ts'

const pauseScreening = defineSignal(PAUSE_SCREENING)
const resumeScreening = defineSignal(RESUME_SCREENING)
const approveScreening = defineSignal(APPROVE_SCREENING)
const setScreeningRate = defineSignal<[number]>(SET_SCREENING_RATE)
const screeningProgress = defineQuery<LibraryScreeningProgress>(SCREENING_PROGRESS)

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
  setHandler(pauseScreening, () => tracker.change({ isPaused: true }), {
    description: 'Hold after the slice under way',
  })
  setHandler(resumeScreening, () => tracker.change({ isPaused: false }), { description: 'Go on' })
  setHandler(approveScreening, () => tracker.change({ isApproved: true }), {
    description: 'The canary is good: go on with the library',
  })
  setHandler(
    setScreeningRate,
    (photosPerMinute) => {
      if (photosPerMinute > 0) tracker.change({ photosPerMinute })
    },
    { description: 'Photos a minute from now on' },
  )
  setHandler(screeningProgress, tracker.get, { description: 'How far the screening has come' })
  return tracker
}

/** Screens a share of the library from the checkpoint on, slice by slice. */
async function screen(
  input: LibraryScreeningInput,
  tracker: ScreeningTracker,
  share: LibraryShare,
  isTrial: boolean,
): Promise<void> {
  for (;;) {
    await condition(() => !tracker.checkpoint().isPaused)
    const { after, tally: before, photosPerMinute, phase, present } = tracker.checkpoint()
    const beganAtMs = Date.now()
    const maxPhotos = photosOfSlice(photosPerMinute)
    const slice = await steps.slice(
      { present: present!, all: input.all, isTrial, share, after, maxPhotos },
      `${phase}: photos from ${before.seen + 1} on`,
    )
    tracker.change({ after: slice.after, tally: addScreenings(before, slice.tally) })
    if (slice.isAtEnd) return
    const done = slice.tally.screened + slice.tally.failed
    await untilDue(
      () => ({ rate: tracker.checkpoint().photosPerMinute, perMs: MINUTE_MS, beganAtMs, done }),
      'Until the rate allows the next photo',
    )
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof libraryScreening>({ ...input, resume: tracker.checkpoint() })
  }
}
