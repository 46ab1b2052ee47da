import type { PhotoId } from '../../domain/ids.ts'
import type { DistributionPlan, FanoutPlan, PushSliceInput, PushSliceResult } from '../photo-fanout.ts'

/** The steps of photoFanout and fanoutShard. */
export interface FanoutActivities {
  planFanout: (input: { photoId: PhotoId }) => Promise<FanoutPlan>
  pushSlice: (input: PushSliceInput) => Promise<PushSliceResult>
  /** Records that the plan is carried out; false, with nothing recorded, if the photo has changed since. */
  completeFanout: (input: { photoId: PhotoId; plan: DistributionPlan }) => Promise<boolean>
  /** Has readers merge the photo if it still belongs in feeds. */
  keepInFlight: (input: { photoId: PhotoId }) => Promise<void>
}
