import { Context } from '@temporalio/activity'
import type {
  FanoutPlan,
  FanoutPosition,
  PushSliceInput,
  PushSliceResult,
} from '../contracts/photo-fanout.ts'
import type { PhotoId } from '../domain/ids.ts'
import type { Fanout } from '../services/fanout/fanout.ts'
import { withFailures } from './failures.ts'

/** Between slices the workflow sees pause, cancel and new versions. */
const SLICE_MS = 2_000

export interface FanoutActivitiesDeps {
  fanout: Fanout
  /** FANOUT_SLICE_FOLLOWERS */
  sliceFollowers: number
}

/**
 * Pages of followers into Postgres and Redis. The worker sets `maxHeartbeatThrottleInterval` to 1 s, so that a cancelled
 * slice ends with its page.
 */
export function createFanoutActivities({ fanout, sliceFollowers }: FanoutActivitiesDeps) {
  return withFailures({
    planFanout: async ({ photoId }: { photoId: PhotoId }): Promise<FanoutPlan> => fanout.planFanout(photoId),

    pushSlice: async (input: PushSliceInput): Promise<PushSliceResult> => {
      const context = Context.current()
      // What an earlier try of this slice has written is written; pages come in the same order.
      const after = (context.info.heartbeatDetails as FanoutPosition | undefined) ?? input.after
      return fanout.pushSlice(
        { ...input, after },
        { maxFollowers: sliceFollowers, maxMs: SLICE_MS },
        (position) => {
          context.heartbeat(position)
          context.cancellationSignal.throwIfAborted()
        },
      )
    },
  })
}

export type FanoutActivities = ReturnType<typeof createFanoutActivities>
