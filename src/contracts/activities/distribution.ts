import type { PhotoId } from '../../domain/ids.ts'
import type { DistributionPlan, FanoutPlan, PushSliceInput, PushSliceResult } from '../photo-fanout.ts'

/** The steps of photoFanout and fanoutShard. */
export interface FanoutActivities {
  planFanout: (input: { photoId: PhotoId }) => Promise<FanoutPlan>
  pushSlice: (input: PushSliceInput) => Promise<PushSliceResult>
  /** False if the photo is no longer as planned, and nothing was recorded. */
  completeFanout: (input: { photoId: PhotoId; plan: DistributionPlan }) => Promise<boolean>
  keepInFlight: (input: { photoId: PhotoId }) => Promise<void>
}
