import type { PhotoId, UserId } from '../domain/ids.ts'
import type { DistributionPlan, FanoutPosition, PushSliceResult } from './photo-fanout.ts'

/** A child of photoFanout: the followers of a range of buckets, slice by slice. */
export const FANOUT_SHARD = 'fanoutShard'
export const fanoutShardWorkflowId = (photoId: PhotoId, shard: number): string => `fanout/${photoId}/${shard}`

export interface FanoutShardInput {
  photoId: PhotoId
  ownerId: UserId
  shard: number
  plan: DistributionPlan
  position: FanoutPosition
  lastBucket: number
  paused: boolean
}

/** `more`: it was told to hand over what is left. */
export type FanoutShardResult = PushSliceResult

/** Signal to a shard: end after this slice, and say where. */
export const HAND_OVER = 'handOver'
/** Signal of a shard to its parent: where it stands. */
export const SHARD_REACHED = 'shardReached'
/** Query of a shard: where it stands. */
export const SHARD_POSITION = 'shardPosition'

export interface ShardReached {
  shard: number
  /** The plan's version; what an earlier plan's shard says comes too late. */
  version: number
  position: FanoutPosition
}
