import type { PhotoId, UserId } from '../domain/ids.ts'

/** Reconciles one photo's distribution with its desired state (feed.md, Push). */
export const PHOTO_FANOUT = 'photoFanout'
export const photoFanoutWorkflowId = (photoId: PhotoId): string => `fanout/${photoId}`

export interface PhotoFanoutInput {
  photoId: PhotoId
  ownerId: UserId
  /** Carried over continue-as-new: a push under way. */
  resume?: { plan: PushPlan; position: FanoutPosition }
}

/** What a photo's distribution should be, by its row on the primary. */
export type FanoutPlan = { desired: 'none' } | ({ desired: 'push' } & PushPlan)

export interface PushPlan {
  /** Slices write only while the photo is at this version. */
  version: number
  /** Rises with every narrowing: a push may go on under a new version if this is unchanged. */
  accessEpoch: number
  /** The photo's order in feeds: publishedAt in ms. */
  score: number
  ownerId: UserId
  /** The owner's followers by their counters, for progress only. */
  followers: number
}

/** Where a push stands: the next page begins after this follower, in the order (bucket, id). Never an id list. */
export interface FanoutPosition {
  /** −1 before the first page, which takes in the author's own feed. */
  afterBucket: number
  afterFollowerId: UserId
  followersSeen: number
  feedsWritten: number
}

/** Where every push begins. */
export const FANOUT_START: FanoutPosition = {
  afterBucket: -1,
  afterFollowerId: '0',
  followersSeen: 0,
  feedsWritten: 0,
}

export interface PushSliceInput {
  photoId: PhotoId
  plan: PushPlan
  /** Where the push stands. */
  after: FanoutPosition
}

export interface PushSliceResult {
  /** `more`: followers are left; `replan`: the photo is no longer as planned, and nothing more was written. */
  outcome: 'done' | 'more' | 'replan'
  position: FanoutPosition
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
