import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  addTallies,
  APPROVE_REENCODE,
  decodedIn,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  SET_REENCODE_RATE,
  WHOLE_LIBRARY,
  type LibraryReencodeInput,
  type LibraryShare,
  type ReencodeProgress,
} from '../../contracts/library-reencode.ts'
import { trackReencode, type ReencodeTracker } from './progress.ts'
import { MINUTE_MS, photosOfSlice, untilDue } from '../pace.ts'
import { steps } from './steps.ts'

const pauseReencode = defineSignal(PAUSE_REENCODE)
const resumeReencode = defineSignal(RESUME_REENCODE)
const approveReencode = defineSignal(APPROVE_REENCODE)
const setReencodeRate = defineSignal<[number]>(SET_REENCODE_RATE)
const reencodeProgress = defineQuery<ReencodeProgress>(REENCODE_PROGRESS)

/** Re-encodes the library, first a share of it that is to be approved (contracts/library-reencode.ts). */
export async function libraryReencode(input: LibraryReencodeInput): Promise<ReencodeProgress> {
  const tracker = openReencode(input)
  try {
    if (!input.resume) tracker.change({ photos: await steps.count() })
    if (tracker.checkpoint().phase === 'canary') {
      await reencode(input, tracker, { from: 0, below: input.canary })
      const { tally } = tracker.checkpoint()
      tracker.change({ phase: 'approval', canary: tally, after: undefined })
    }
    if (tracker.checkpoint().phase === 'approval') {
      await untilApproved(input, tracker)
      tracker.change({ phase: 'library' })
    }
    await reencode(input, tracker, { from: input.canary, below: WHOLE_LIBRARY })
    return tracker.finish('done')
  } catch (error) {
    if (isCancellation(error)) tracker.finish('cancelled')
    throw error
  }
}

/** State and handlers. */
function openReencode(input: LibraryReencodeInput): ReencodeTracker {
  const tracker = trackReencode(input)
  setHandler(pauseReencode, () => tracker.change({ isPaused: true }), {
    description: 'Hold after the slice under way',
  })
  setHandler(resumeReencode, () => tracker.change({ isPaused: false }), { description: 'Go on' })
  setHandler(approveReencode, () => tracker.change({ isApproved: true }), {
    description: 'The canary is good: go on with the rest of the library',
  })
  setHandler(
    setReencodeRate,
    (photosPerMinute) => {
      if (photosPerMinute > 0) tracker.change({ photosPerMinute })
    },
    { description: 'Photos a minute from now on' },
  )
  setHandler(reencodeProgress, tracker.get, { description: 'How far the re-encode has come' })
  return tracker
}

/** Goes on without an approval after the given time, if any; not while it is paused. */
async function untilApproved(
  { approveAfterMs }: LibraryReencodeInput,
  tracker: ReencodeTracker,
): Promise<void> {
  const isApproved = () => tracker.checkpoint().isApproved
  if (approveAfterMs === undefined) await condition(isApproved)
  else await condition(isApproved, approveAfterMs, { summary: 'Until the canary counts as approved' })
  await whilePaused(tracker)
}

async function whilePaused(tracker: ReencodeTracker): Promise<void> {
  await condition(() => !tracker.checkpoint().isPaused)
}

/** Re-encodes a share of the library from the checkpoint on, slice by slice. */
async function reencode(
  input: LibraryReencodeInput,
  tracker: ReencodeTracker,
  share: LibraryShare,
): Promise<void> {
  const { selection } = input
  for (;;) {
    await whilePaused(tracker)
    const { after, tally: before, photosPerMinute, phase } = tracker.checkpoint()
    const beganAtMs = Date.now()
    const maxPhotos = photosOfSlice(photosPerMinute)
    const slice = await steps.slice(
      { selection, share, after, maxPhotos },
      `${phase}: photos from ${before.seen + 1} on`,
    )
    tracker.change({ after: slice.after, tally: addTallies(before, slice.tally) })
    if (slice.isAtEnd) return
    const done = decodedIn(slice.tally)
    await untilDue(
      () => ({ rate: tracker.checkpoint().photosPerMinute, perMs: MINUTE_MS, beganAtMs, done }),
      'Until the rate allows the next photo',
    )
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof libraryReencode>({ ...input, resume: tracker.checkpoint() })
  }
}
