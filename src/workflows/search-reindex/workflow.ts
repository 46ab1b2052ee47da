import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  ABANDON_REINDEX,
  addCopied,
  addFindings,
  foundIn,
  NOTHING_FOUND,
  PAUSE_REINDEX,
  REINDEX_PROGRESS,
  RESUME_REINDEX,
  SET_REINDEX_RATE,
  type ReindexProgress,
  type SearchReindexInput,
} from '../../contracts/search-reindex.ts'
import { trackReindex, type ReindexTracker } from './progress.ts'
import { untilDue } from '../pace.ts'
import { steps } from './steps.ts'

const pauseReindex = defineSignal(PAUSE_REINDEX)
const resumeReindex = defineSignal(RESUME_REINDEX)
const abandonReindex = defineSignal(ABANDON_REINDEX)
const setReindexRate = defineSignal<[number | null]>(SET_REINDEX_RATE)
const reindexProgress = defineQuery<ReindexProgress>(REINDEX_PROGRESS)

const SECOND_MS = 1_000
/** A slice takes no more documents than the rate allows in this time, so that they are spread evenly. */
const EVENNESS_SECONDS = 5
/** Of a slice, which ends after some seconds anyway. */
const MAX_SLICE_DOCUMENTS = 100_000
/** What a comparison finds is written again, and then all is compared again; more often is a fault of ours. */
const MAX_ROUNDS = 3

/**
 * Builds the search index anew and takes it into use (contracts/search-reindex.ts).
 * @throws ApplicationFailure ReindexFailed if the new index could not be brought in line; it is given up
 */
export async function searchReindex(input: SearchReindexInput): Promise<ReindexProgress> {
  const tracker = openReindex(input)
  try {
    if (await build(input, tracker)) return tracker.finish('done')
    await steps.abandon()
    return tracker.finish('abandoned')
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error
    await CancellationScope.nonCancellable(() => steps.abandon())
    tracker.finish(isCancellation(error) ? 'abandoned' : 'failed')
    throw error
  }
}

/** State and handlers. */
function openReindex(input: SearchReindexInput): ReindexTracker {
  const tracker = trackReindex(input)
  setHandler(pauseReindex, () => tracker.change({ isPaused: true }), {
    description: 'Hold after the slice under way',
  })
  setHandler(resumeReindex, () => tracker.change({ isPaused: false }), { description: 'Go on' })
  setHandler(abandonReindex, () => tracker.change({ isAbandoned: true }), {
    description: 'Give the new index up; searches stay where they are',
  })
  setHandler(
    setReindexRate,
    (documentsPerSecond) => {
      if (documentsPerSecond === null || documentsPerSecond > 0) tracker.change({ documentsPerSecond })
    },
    { description: 'Documents a second from now on; null: as fast as possible' },
  )
  setHandler(reindexProgress, tracker.get, { description: 'How far the reindex has come' })
  return tracker
}

/** Does what the phases ask for, from the checkpoint on. @returns false once it is abandoned */
async function build(input: SearchReindexInput, tracker: ReindexTracker): Promise<boolean> {
  for (;;) {
    await condition(() => !tracker.checkpoint().isPaused || tracker.checkpoint().isAbandoned)
    const { phase, isAbandoned } = tracker.checkpoint()
    if (isAbandoned) return false
    if (phase === 'create') await create(input, tracker)
    else if (phase === 'copy') await copySlice(tracker)
    else if (phase === 'verify') await compareSlice(tracker)
    else {
      await steps.swap({ index: tracker.checkpoint().index! })
      return true
    }
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof searchReindex>({ ...input, resume: tracker.checkpoint() })
  }
}

async function create({ version }: SearchReindexInput, tracker: ReindexTracker): Promise<void> {
  // Its start names the build, and so is the same however often the step is tried.
  const { index, photos } = await steps.begin({
    build: workflowInfo().startTime.getTime().toString(36),
    version,
  })
  tracker.change({ phase: 'copy', index, photos })
}

async function copySlice(tracker: ReindexTracker): Promise<void> {
  const { index, after, copied, documentsPerSecond } = tracker.checkpoint()
  const beganAtMs = Date.now()
  const slice = await steps.copy(
    {
      index: index!,
      after,
      maxDocuments:
        documentsPerSecond === null
          ? MAX_SLICE_DOCUMENTS
          : Math.max(1, Math.floor(documentsPerSecond * EVENNESS_SECONDS)),
    },
    `Copy photos from ${copied.documents + 1} on`,
  )
  tracker.change({ after: slice.after, copied: addCopied(copied, slice.tally) })
  if (slice.isAtEnd) tracker.change({ phase: 'verify', after: null })
  else {
    await untilDue(
      () => ({
        rate: tracker.checkpoint().documentsPerSecond,
        perMs: SECOND_MS,
        beganAtMs,
        done: slice.tally.documents,
      }),
      'Until the rate allows the next document',
      () => tracker.checkpoint().isAbandoned,
    )
  }
}

async function compareSlice(tracker: ReindexTracker): Promise<void> {
  const { index, after, verified: before } = tracker.checkpoint()
  const slice = await steps.compare({ index: index!, after }, `Compare photos from ${before.compared + 1} on`)
  const verified = addFindings(before, slice.tally)
  tracker.change({ after: slice.after, verified })
  if (!slice.isAtEnd) return
  if (foundIn(verified) === 0) return tracker.change({ phase: 'swap' })
  const rounds = tracker.checkpoint().rounds + 1
  if (rounds === MAX_ROUNDS) {
    throw ApplicationFailure.nonRetryable(
      `The new index is not in line with the rows after ${rounds} comparisons`,
      'ReindexFailed',
      verified,
    )
  }
  tracker.change({ rounds, after: null, verified: NOTHING_FOUND })
}
