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
} from '../../contracts/photo-fanout.ts'
import { splitBuckets } from '../../domain/buckets.ts'
import { trackFanout } from './progress.ts'
import { openShards } from './shards.ts'
import { isHistoryLong, runSlice, steps } from './steps.ts'

const distributionChanged = defineSignal(DISTRIBUTION_CHANGED)
const pauseFanout = defineSignal(PAUSE_FANOUT)
const resumeFanout = defineSignal(RESUME_FANOUT)
const fanoutProgress = defineQuery<FanoutProgress>(FANOUT_PROGRESS)

/** Brings one photo's distribution in line with its row, until the row stands still (contracts/photo-fanout.ts). */
export async function photoFanout(input: PhotoFanoutInput): Promise<FanoutProgress> {
  const fanout = openFanout(input)
  let work = input.resume?.work
  try {
    do {
      work ??= await plan(input, fanout)
      if (work) await carryOut(input, fanout, work)
      work = undefined
    } while (fanout.hasChanged())
    return fanout.tracker.reach('done')
  } catch (error) {
    if (!CancellationScope.current().consideredCancelled) throw error
    await CancellationScope.nonCancellable(() => leaveToReaders(input, fanout))
    fanout.tracker.reach('cancelled')
    // A slice that failed while it was being cancelled is no failure of the fanout.
    throw isCancellation(error) ? error : new CancelledFailure('cancelled while a slice failed')
  }
}

/** State and handlers. */
function openFanout(input: PhotoFanoutInput) {
  const tracker = trackFanout(input.resume?.paused ?? false)
  const shards = openShards(input, tracker)
  let changes = 0
  let taken = 0
  let interrupt: (() => void) | undefined
  const hasChanged = () => changes > taken
  const setPaused = (paused: boolean) => {
    if (paused === tracker.isPaused()) return
    tracker.setPaused(paused)
    shards.setPaused(paused)
  }
  setHandler(
    distributionChanged,
    () => {
      changes++
      interrupt?.()
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
    /** How often a change was signalled to this run. */
    changes: () => changes,
    /** A plan that is read from here on knows of all that was signalled. */
    takeChanges() {
      taken = changes
    },
    hasChanged,
    /** Runs a slice unless a change is signalled before it has ended; undefined then, and none runs any more. */
    async untilChanged(slice: () => Promise<PushSliceResult>): Promise<PushSliceResult | undefined> {
      if (hasChanged()) return undefined
      const scope = new CancellationScope()
      interrupt = () => scope.cancel()
      try {
        return await scope.run(slice)
      } catch (error) {
        if (CancellationScope.current().consideredCancelled || !scope.consideredCancelled) throw error
        return undefined
      } finally {
        interrupt = undefined
      }
    },
  }
}
type OpenFanout = ReturnType<typeof openFanout>

/** @returns undefined if nothing is owed */
async function plan({ photoId }: PhotoFanoutInput, fanout: OpenFanout): Promise<FanoutWork | undefined> {
  fanout.takeChanges()
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
      const next = await plan(input, fanout)
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
  fanout: OpenFanout,
  { plan, ranges }: FanoutWork,
): Promise<PushSliceResult['outcome']> {
  const range = ranges[0]!
  while (!range.done) {
    await whilePaused(input, fanout)
    const slice = () => runSlice(input.photoId, plan, range)
    const result = await (plan.desired === 'collect' ? fanout.untilChanged(slice) : slice())
    if (!result) return 'replan'
    const { outcome, position } = result
    range.position = position
    range.done = outcome === 'done'
    fanout.tracker.show()
    if (outcome === 'replan') return outcome
    if (outcome === 'more' && isHistoryLong()) return outcome
  }
  return 'done'
}

/** Readers merge what is held, also if it is widened meanwhile. (A celebrity's photo is in flight since its commit.) */
async function whilePaused({ photoId }: PhotoFanoutInput, { tracker, changes }: OpenFanout): Promise<void> {
  while (tracker.isPaused()) {
    const known = changes()
    await steps.keepInFlight({ photoId })
    await condition(() => !tracker.isPaused() || changes() > known)
  }
}

/**
 * After a cancellation readers merge what was not pushed, as far as it belongs in feeds. Changes that are signalled before
 * this run has closed count here, as they start no other. An operator who cancels a push does not cancel the collection
 * that a narrowing owes: a new run does it.
 */
async function leaveToReaders(input: PhotoFanoutInput, fanout: OpenFanout): Promise<void> {
  let owed: FanoutWork | undefined
  do {
    // Planning ends the merging of what has left feeds.
    owed = await plan(input, fanout)
    await steps.keepInFlight({ photoId: input.photoId })
  } while (fanout.hasChanged())
  if (owed?.plan.desired === 'collect' && fanout.tracker.task() !== 'collect') {
    await continueAsNew<typeof photoFanout>({ ...input, resume: undefined })
  }
}
