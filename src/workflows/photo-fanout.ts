import {
  CancelledFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow'
import {
  DISTRIBUTION_CHANGED,
  FANOUT_PROGRESS,
  FANOUT_START,
  PAUSE_FANOUT,
  RESUME_FANOUT,
  type DistributionPlan,
  type FanoutProgress,
  type FanoutWork,
  type PhotoFanoutInput,
  type PushSliceResult,
} from '../contracts/photo-fanout.ts'
import { splitBuckets } from '../domain/bucket-ranges.ts'
import { trackFanout, type FanoutTracker } from './fanout-progress.ts'
import { openShards } from './fanout-shards.ts'
import { isHistoryLong, runSlice, steps } from './fanout-steps.ts'

export const distributionChanged = defineSignal(DISTRIBUTION_CHANGED)
export const pauseFanout = defineSignal(PAUSE_FANOUT)
export const resumeFanout = defineSignal(RESUME_FANOUT)
export const fanoutProgress = defineQuery<FanoutProgress>(FANOUT_PROGRESS)

/** Brings one photo's distribution in line with its row, until the row stands still (contracts/photo-fanout.ts). */
export async function photoFanout(input: PhotoFanoutInput): Promise<FanoutProgress> {
  const fanout = openFanout(input)
  let work = input.resume?.work
  try {
    do {
      fanout.takeChanges()
      work ??= await plan(input)
      if (work) await carryOut(input, fanout, work)
      work = undefined
    } while (fanout.hasChanged())
    return fanout.tracker.reach('done')
  } catch (error) {
    if (!CancellationScope.current().consideredCancelled) throw error
    await CancellationScope.nonCancellable(() => steps.keepInFlight({ photoId: input.photoId }))
    fanout.tracker.reach('cancelled')
    // A slice that failed while it was being cancelled is no failure of the fanout.
    throw isCancellation(error) ? error : new CancelledFailure('cancelled while a slice failed')
  }
}

/** State and handlers. */
function openFanout(input: PhotoFanoutInput) {
  const tracker = trackFanout(input.resume?.paused ?? false)
  const shards = openShards(input, tracker)
  let changed = false
  const setPaused = (paused: boolean) => {
    if (paused === tracker.isPaused()) return
    tracker.setPaused(paused)
    shards.setPaused(paused)
  }
  setHandler(
    distributionChanged,
    () => {
      changed = true
    },
    { description: 'The photo may belong in other feeds than before' },
  )
  setHandler(pauseFanout, () => setPaused(true), {
    description: 'Hold after the slices under way; readers go on merging the photo',
  })
  setHandler(resumeFanout, () => setPaused(false), { description: 'Go on' })
  setHandler(fanoutProgress, tracker.get, { description: 'How many of the followers were served, by shard' })
  return {
    tracker,
    shards,
    takeChanges() {
      changed = false
    },
    hasChanged: () => changed,
  }
}
type OpenFanout = ReturnType<typeof openFanout>

/** @returns undefined if nothing is owed */
async function plan({ photoId }: PhotoFanoutInput): Promise<FanoutWork | undefined> {
  const planned = await steps.plan({ photoId })
  return planned.desired === 'none' ? undefined : { plan: planned, ranges: rangesOf(planned.shards) }
}

/** The followers in so many parts. */
function rangesOf(shards: number): FanoutWork['ranges'] {
  return splitBuckets(shards).map(({ first, last }) => ({
    position:
      first === 0 ? FANOUT_START : { ...FANOUT_START, afterBucket: first - 1, afterFollowerId: LAST_USER_ID },
    lastBucket: last,
    done: false,
  }))
}
/** The largest bigint: after every follower of a bucket. */
const LAST_USER_ID = '9223372036854775807'

/** Until it is complete, or nothing is owed any more. */
async function carryOut(input: PhotoFanoutInput, fanout: OpenFanout, begun: FanoutWork): Promise<void> {
  const { photoId } = input
  let work = begun
  for (;;) {
    fanout.tracker.follow(work)
    const outcome = await (work.ranges.length === 1 ? runHere(input, fanout, work) : fanout.shards.run(work))
    if (outcome === 'done') {
      fanout.tracker.reach('completing')
      if (await steps.complete({ photoId, plan: work.plan })) return
    }
    if (outcome !== 'more') {
      const next = await plan(input)
      if (!next) return
      work = isContinuation(work.plan, next.plan)
        ? { plan: { ...next.plan, shards: work.plan.shards }, ranges: work.ranges }
        : next
    }
    if (outcome === 'more' || isHistoryLong()) {
      const resume = { work, paused: fanout.tracker.isPaused() }
      await continueAsNew<typeof photoFanout>({ ...input, resume })
    }
  }
}

/**
 * After an edit the work goes on where it was. After a narrowing it begins anew: feeds that were rebuilt meanwhile lack the
 * photo, although it had been pushed to them.
 */
function isContinuation(before: DistributionPlan, next: DistributionPlan): boolean {
  return before.desired === next.desired && before.accessEpoch === next.accessEpoch
}

/** Slice by slice. `more`: the history is long enough. */
async function runHere(
  input: PhotoFanoutInput,
  { tracker }: { tracker: FanoutTracker },
  { plan, ranges }: FanoutWork,
): Promise<PushSliceResult['outcome']> {
  const range = ranges[0]!
  while (!range.done) {
    await condition(() => !tracker.isPaused())
    const { outcome, position } = await runSlice(input.photoId, plan, range)
    range.position = position
    range.done = outcome === 'done'
    tracker.show()
    if (outcome === 'replan') return outcome
    if (outcome === 'more' && isHistoryLong()) return outcome
  }
  return 'done'
}
