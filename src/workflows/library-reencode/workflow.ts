import { condition, continueAsNew, defineSignal, isCancellation, setHandler } from '@temporalio/workflow'
import {
  addTallies,
  APPROVE_REENCODE,
  decodedIn,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  SET_REENCODE_RATE,
  type LibraryReencodeInput,
  type ReencodeProgress,
} from '../../contracts/library-reencode.ts'
import { WHOLE_LIBRARY, type LibraryShare } from '../../domain/library-share.ts'
import { steer, walkLibrary, whilePaused } from '../library-run.ts'
import { trackReencode, type ReencodeTracker } from './progress.ts'
import { steps } from './steps.ts'

const approveReencode = defineSignal(APPROVE_REENCODE)

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
  steer(tracker, {
    pause: PAUSE_REENCODE,
    resume: RESUME_REENCODE,
    setRate: SET_REENCODE_RATE,
    progress: REENCODE_PROGRESS,
  })
  setHandler(approveReencode, () => tracker.change({ isApproved: true }), {
    description: 'The canary is good: go on with the rest of the library',
  })
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

/** Re-encodes a share of the library from the checkpoint on. */
async function reencode(
  input: LibraryReencodeInput,
  tracker: ReencodeTracker,
  share: LibraryShare,
): Promise<void> {
  await walkLibrary(tracker, {
    async slice(maxPhotos) {
      const { after, tally: before, phase } = tracker.checkpoint()
      const { selection } = input
      const slice = await steps.slice(
        { selection, share, after, maxPhotos },
        `${phase}: photos from ${before.seen + 1} on`,
      )
      tracker.change({ after: slice.after, tally: addTallies(before, slice.tally) })
      return { isAtEnd: slice.isAtEnd, done: decodedIn(slice.tally) }
    },
    continueAnew: () => continueAsNew<typeof libraryReencode>({ ...input, resume: tracker.checkpoint() }),
  })
}
