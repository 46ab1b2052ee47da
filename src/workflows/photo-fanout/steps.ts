import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { FanoutActivities } from '../../contracts/activities/distribution.ts'
import {
  collectFollowers,
  completePush,
  durableStep,
  pushFollowers,
  pushShard,
} from '../../contracts/activity-options.ts'
import type { FanoutRange, FanoutWork, PushSliceResult } from '../../contracts/photo-fanout.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'

type Slices = Pick<FanoutActivities, 'pushSlice'>
const pushing = proxyActivities<Slices>(pushFollowers).pushSlice
const pushingShard = proxyActivities<Slices>(pushShard).pushSlice
const collecting = proxyActivities<Slices>(collectFollowers).pushSlice

const durable = (summary: string) =>
  proxyActivities<FanoutActivities>({ ...durableStep, taskQueue: TASK_QUEUES.fanout, summary })

/** The steps of photoFanout, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('What the distribution should be').planFanout,
  keepInFlight: durable('Have readers merge the photo').keepInFlight,
  complete: proxyActivities<FanoutActivities>({
    ...completePush,
    summary: 'Note that all is written, once the replicas have it',
  }).completeFanout,
}

/** Runs the next slice of a range, on the queue for its kind of work. */
export function runSlice(
  photoId: string,
  plan: FanoutWork['plan'],
  { position, lastBucket }: Pick<FanoutRange, 'position' | 'lastBucket'>,
): Promise<PushSliceResult> {
  const slice = plan.desired === 'collect' ? collecting : plan.shards > 1 ? pushingShard : pushing
  const summary = `${plan.desired}: followers from ${position.followersSeen + 1} on, version ${plan.version}`
  return slice.executeWithOptions({ summary }, [{ photoId, plan, after: position, lastBucket }])
}

/**
 * Whether it is time to continue as new. By default the server suggests it from 4,096 events on (or 4 MB, which come
 * later). With slices of 20,000 followers (FANOUT_SLICE_FOLLOWERS), a shard gets there after 7 million followers (11
 * events a slice), a push without shards after 13 million (6), and a parent after 20 million over all its shards (at
 * most 4 for each slice that a shard reports); sooner where 2 s are too short for a full slice.
 */
export function isHistoryLong(): boolean {
  return workflowInfo().continueAsNewSuggested
}
