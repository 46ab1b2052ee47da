import type { PhotoId, UserId } from '../domain/ids.ts'
import type { DistributionPlan, FanoutPosition, PushSliceResult } from './photo-fanout.ts'

/** A child of photoFanout: works through the followers in a range of buckets, slice by slice. */
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

/** `more`: the shard was told to hand over the rest. */
export type FanoutShardResult = PushSliceResult

/** Signal to a shard: end after the current slice and return the position. */
export const HAND_OVER = 'handOver'
/** Signal from a shard to its parent: the shard's position. */
export const SHARD_REACHED = 'shardReached'
/** Query to a shard: its position. */
export const SHARD_POSITION = 'shardPosition'

export interface ShardReached {
  shard: number
  /** The version of the shard's plan; the parent ignores reports under an earlier plan. */
  version: number
  position: FanoutPosition
}
