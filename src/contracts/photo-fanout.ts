import type { PhotoId, UserId } from '../domain/ids.ts'

/** Reconciles one photo's distribution with its desired state (feed.md, Push). */
export const PHOTO_FANOUT = 'photoFanout'
export const photoFanoutWorkflowId = (photoId: PhotoId): string => `fanout/${photoId}`

export interface PhotoFanoutInput {
  photoId: PhotoId
  ownerId: UserId
  /** Carried over continue-as-new: where the push stands. */
  resume?: FanoutPosition
}

/** Where a push stands: the next page begins after this follower, in the order (bucket, id). Never an id list. */
export interface FanoutPosition {
  /** The photo version that the push was planned for. */
  version: number
  afterBucket: number
  afterFollowerId: UserId
  followersSeen: number
  feedsWritten: number
}

/** Signal: the photo's distribution may have to change (publish, widen, narrow, delete). */
export const DISTRIBUTION_CHANGED = 'distributionChanged'
/** Query: progress of the push. */
export const FANOUT_PROGRESS = 'fanoutProgress'

export interface FanoutProgress {
  state: 'planning' | 'pushing' | 'done'
  /** The author's followers when the push was planned. */
  followers: number
  followersSeen: number
  /** Feeds that hold the photo now; followers who are not enrolled pull it. */
  delivered: number
}
