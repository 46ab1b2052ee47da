import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { FanoutActivities } from '../activities/fanout.ts'
import {
  collectFollowers,
  completePush,
  durableStep,
  pushFollowers,
  pushShard,
} from '../contracts/activity-options.ts'
import type { FanoutRange, FanoutWork, PushSliceResult } from '../contracts/photo-fanout.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'

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

/** The next slice of a range, on the queue for its kind of work. */
export function runSlice(
  photoId: string,
  plan: FanoutWork['plan'],
  { position, lastBucket }: Pick<FanoutRange, 'position' | 'lastBucket'>,
): Promise<PushSliceResult> {
  const slice = plan.desired === 'collect' ? collecting : plan.shards > 1 ? pushingShard : pushing
  const summary = `${plan.desired}: followers from ${position.followersSeen + 1} on, version ${plan.version}`
  return slice.executeWithOptions({ summary }, [{ photoId, plan, after: position, lastBucket }])
}

/** Whether it is time to continue as new. */
export function isHistoryLong({ longHistoryEvents = Infinity }: { longHistoryEvents?: number }): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength >= longHistoryEvents
}
