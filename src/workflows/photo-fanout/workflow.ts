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
  PAUSE_FANOUT,
  RESUME_FANOUT,
  type DistributionPlan,
  type FanoutProgress,
  type PhotoFanoutInput,
  type PushSliceResult,
} from '../../contracts/photo-fanout.ts'
import { openWork } from './fanout-work.ts'
import { trackFanout } from './progress.ts'
import { openShards } from './shards.ts'
import { isHistoryLong, runSlice, steps } from './steps.ts'

const distributionChanged = defineSignal(DISTRIBUTION_CHANGED)
const pauseFanout = defineSignal(PAUSE_FANOUT)
const resumeFanout = defineSignal(RESUME_FANOUT)
const fanoutProgress = defineQuery<FanoutProgress>(FANOUT_PROGRESS)

/** Brings one photo's distribution in line with its row until the row no longer changes (contracts/photo-fanout.ts). */
export async function photoFanout(input: PhotoFanoutInput): Promise<FanoutProgress> {
  const fanout = openFanout(input)
  let isUnderWay = input.resume !== undefined
  try {
    do {
      if (isUnderWay || (await begin(input, fanout))) await carryOut(input, fanout)
      isUnderWay = false
    } while (fanout.hasChanged())
    return fanout.tracker.reach('done')
  } catch (error) {
    if (!CancellationScope.current().consideredCancelled) throw error
    await CancellationScope.nonCancellable(() => leaveToReaders(input, fanout))
    fanout.tracker.reach('cancelled')
    // A fanout that is being cancelled does not fail because a slice does.
    throw isCancellation(error) ? error : new CancelledFailure('cancelled while a slice failed')
  }
}

/** State and handlers. */
function openFanout(input: PhotoFanoutInput) {
  const work = openWork(input.resume?.work)
  const tracker = trackFanout(work.snapshot, input.resume?.paused ?? false)
  const shards = openShards(input, work, tracker)
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
    work,
    tracker,
    shards,
    /** How many changes were signalled to this run. */
    changes: () => changes,
    /** Marks all signalled changes as taken: a plan that is read from here on includes them. */
    takeChanges() {
      taken = changes
    },
    hasChanged,
    /** Runs a slice, and cancels it as soon as a change is signalled. Undefined after a cancelled slice has ended. */
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
async function readPlan(
  { photoId }: PhotoFanoutInput,
  fanout: OpenFanout,
): Promise<DistributionPlan | undefined> {
  fanout.takeChanges()
  const planned = await steps.plan({ photoId })
  return planned.desired === 'none' ? undefined : planned
}

/** @returns whether anything is owed */
async function begin(input: PhotoFanoutInput, fanout: OpenFanout): Promise<boolean> {
  const plan = await readPlan(input, fanout)
  if (plan) fanout.work.begin(plan)
  return plan !== undefined
}

/** Carries out the plan, and every plan that replaces it, until nothing is owed any more. */
async function carryOut(input: PhotoFanoutInput, fanout: OpenFanout): Promise<void> {
  const { photoId } = input
  const { work, tracker, shards } = fanout
  tracker.forgetFailures()
  for (;;) {
    tracker.follow()
    const outcome = await (work.current().ranges.length === 1 ? runHere(input, fanout) : shards.run())
    if (outcome === 'done') {
      tracker.reach('completing')
      if (await steps.complete({ photoId, plan: work.current().plan })) return
    }
    if (outcome !== 'more') {
      const next = await readPlan(input, fanout)
      if (!next) return
      if (work.revise(next)) tracker.forgetFailures()
    }
    if (outcome === 'more' || isHistoryLong()) {
      const resume = { work: work.current(), paused: tracker.isPaused() }
      await continueAsNew<typeof photoFanout>({ ...input, resume })
    }
  }
}

/** Runs the slices of a fanout without shards. `more`: it is time to continue as new. */
async function runHere(input: PhotoFanoutInput, fanout: OpenFanout): Promise<PushSliceResult['outcome']> {
  const { work } = fanout
  const { plan } = work.current()
  for (;;) {
    const range = work.current().ranges[0]!
    if (range.done) return 'done'
    await whilePaused(input, fanout)
    const slice = () => runSlice(input.photoId, plan, range)
    const result = await (plan.desired === 'collect' ? fanout.untilChanged(slice) : slice())
    if (!result) return 'replan'
    work.ended(0, result)
    fanout.tracker.show()
    if (result.outcome === 'replan') return 'replan'
    if (result.outcome === 'more' && isHistoryLong()) return 'more'
  }
}

/**
 * Waits while the fanout is paused. Readers merge the photo meanwhile, even if it is widened only then; the photo of a
 * celebrity has been in flight since its commit.
 */
async function whilePaused({ photoId }: PhotoFanoutInput, { tracker, changes }: OpenFanout): Promise<void> {
  while (tracker.isPaused()) {
    const known = changes()
    await steps.keepInFlight({ photoId })
    await condition(() => !tracker.isPaused() || changes() > known)
  }
}

/**
 * After a cancellation, has readers merge the photo if it belongs in feeds. Changes that are signalled before this run
 * closes are handled here, because they start no other run. A cancelled push does not cancel the collection that a
 * narrowing owes: a new run does that.
 */
async function leaveToReaders(input: PhotoFanoutInput, fanout: OpenFanout): Promise<void> {
  let owed: DistributionPlan | undefined
  do {
    // Planning also stops readers from merging a photo that has left feeds.
    owed = await readPlan(input, fanout)
    await steps.keepInFlight({ photoId: input.photoId })
  } while (fanout.hasChanged())
  if (owed?.desired === 'collect' && fanout.work.snapshot()?.plan.desired !== 'collect') {
    await continueAsNew<typeof photoFanout>({ ...input, resume: undefined })
  }
}
