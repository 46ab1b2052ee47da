import { Context } from '@temporalio/activity'
import type { FanoutActivities } from '../contracts/activities/distribution.ts'
import type { FanoutPosition } from '../contracts/photo-fanout.ts'
import type { Fanout } from '../services/distribution/push.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The time limit of a slice: the workflow sees pauses, cancellations and new versions only between slices. */
const SLICE_MS = 2_000

export interface FanoutActivitiesDeps {
  fanout: Fanout
  /** The most followers in one slice; the setting FANOUT_SLICE_FOLLOWERS. */
  sliceFollowers: number
}

/**
 * The steps of photoFanout and fanoutShard. Workers set `maxHeartbeatThrottleInterval` to 1 s, so that a cancelled
 * slice ends with its current batch.
 */
export function createFanoutActivities({ fanout, sliceFollowers }: FanoutActivitiesDeps): FanoutActivities {
  return asActivities<FanoutActivities>({
    planFanout: ({ photoId }) => fanout.planFanout(photoId),

    pushSlice: async (input) => {
      const context = Context.current()
      // A retry continues after the last batch of the previous attempt; batches always come in the same order.
      let position = (context.info.heartbeatDetails as FanoutPosition | undefined) ?? input.after
      const slice = { ...input, after: position }
      return whileHeartbeating(
        (signal) =>
          fanout.pushSlice(slice, { maxFollowers: sliceFollowers, maxMs: SLICE_MS }, (reached) => {
            position = reached
            context.heartbeat(position)
            signal.throwIfAborted()
          }),
        () => position,
      )
    },

    completeFanout: ({ photoId, plan }) => whileHeartbeating(() => fanout.complete(photoId, plan)),

    keepInFlight: ({ photoId }) => fanout.keepInFlight(photoId),
  })
}
