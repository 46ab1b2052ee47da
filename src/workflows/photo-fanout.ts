import {
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { FanoutActivities } from '../activities/fanout.ts'
import { durableStep, pushFollowers } from '../contracts/activity-options.ts'
import {
  DISTRIBUTION_CHANGED,
  FANOUT_PROGRESS,
  FANOUT_START,
  type FanoutPosition,
  type FanoutProgress,
  type PhotoFanoutInput,
  type PushPlan,
} from '../contracts/photo-fanout.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'

export const distributionChanged = defineSignal(DISTRIBUTION_CHANGED)
export const fanoutProgress = defineQuery<FanoutProgress>(FANOUT_PROGRESS)

const { planFanout } = proxyActivities<Pick<FanoutActivities, 'planFanout'>>({
  ...durableStep,
  taskQueue: TASK_QUEUES.fanout,
  summary: 'What the distribution should be',
})
const { pushSlice } = proxyActivities<Pick<FanoutActivities, 'pushSlice'>>(pushFollowers)

/** Brings one photo's distribution in line with its row, until the row stands still (contracts/photo-fanout.ts). */
export async function photoFanout(input: PhotoFanoutInput): Promise<FanoutProgress> {
  const fanout = openFanout(input)
  let under = fanout.resumed
  do {
    fanout.takeChanges()
    under ??= await plan(input, fanout)
    if (under) await push(input, fanout, under)
    under = undefined
  } while (fanout.hasChanged())
  return fanout.end()
}

/** A push under way: what for, and where it stands. */
interface Push {
  plan: PushPlan
  position: FanoutPosition
}

/** State and handlers. */
function openFanout({ resume }: PhotoFanoutInput) {
  const progress: FanoutProgress = { state: 'planning', followers: 0, followersSeen: 0, delivered: 0 }
  let changed = false
  let pushedVersion: number | undefined
  setHandler(distributionChanged, () => {
    changed = true
  })
  setHandler(fanoutProgress, () => progress, { description: 'How many of the followers were served' })

  function reach(state: FanoutProgress['state']): void {
    if (progress.state === state) return
    progress.state = state
    upsertSearchAttributes([{ key: stageAttribute, value: state }])
  }
  return {
    resumed: resume as Push | undefined,
    takeChanges() {
      changed = false
    },
    hasChanged: () => changed,
    /** The version whose push is complete: its photo needs no other. */
    pushedVersion: () => pushedVersion,
    pushed(version: number) {
      pushedVersion = version
    },
    show({ plan, position }: Push) {
      reach('pushing')
      progress.followers = Math.max(plan.followers, position.followersSeen)
      progress.followersSeen = position.followersSeen
      progress.delivered = position.feedsWritten
    },
    end(): FanoutProgress {
      reach('done')
      return progress
    },
  }
}
type OpenFanout = ReturnType<typeof openFanout>

/** @returns the push that is due; undefined if the photo is in no feeds, or is in all of them */
async function plan({ photoId }: PhotoFanoutInput, fanout: OpenFanout): Promise<Push | undefined> {
  const planned = await planFanout({ photoId })
  if (planned.desired === 'none' || planned.version === fanout.pushedVersion()) return undefined
  return { plan: planned, position: FANOUT_START }
}

/** Slice by slice; after an edit it goes on where it was, after a narrowing it begins anew. */
async function push(input: PhotoFanoutInput, fanout: OpenFanout, begun: Push): Promise<void> {
  const { photoId } = input
  let current = begun
  for (;;) {
    fanout.show(current)
    const { outcome, position } = await pushSlice.executeWithOptions({ summary: sliceSummary(current) }, [
      { photoId, plan: current.plan, after: current.position },
    ])
    current = { ...current, position }
    fanout.show(current)
    if (outcome === 'done') return fanout.pushed(current.plan.version)
    if (outcome === 'replan') {
      const next = await plan(input, fanout)
      if (!next) return
      current = next.plan.accessEpoch === current.plan.accessEpoch ? { ...next, position } : next
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof photoFanout>({ ...input, resume: current })
    }
  }
}

function sliceSummary({ plan, position }: Push): string {
  return `Followers from ${position.followersSeen + 1} of ${plan.followers}, version ${plan.version}`
}
