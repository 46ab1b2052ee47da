import type { PhotoId, UserId } from '../domain/ids.ts'

/** Reconciles one photo's distribution with its desired state (docs/feed.md). */
export const PHOTO_FANOUT = 'photoFanout'
export const photoFanoutWorkflowId = (photoId: PhotoId): string => `fanout/${photoId}`

export interface PhotoFanoutInput {
  photoId: PhotoId
  ownerId: UserId
  /** Carried over continue-as-new: work under way. */
  resume?: { work: FanoutWork; paused: boolean } | undefined
}

/**
 * What is to be done to make a photo's distribution what its row on the primary asks for: push it to the feeds of all
 * enrolled followers, or collect what is left of it there.
 */
export type FanoutPlan = { desired: 'none' } | DistributionPlan

export interface DistributionPlan {
  desired: 'push' | 'collect'
  /** Slices write only while the photo is at this version. */
  version: number
  /** Rises with every narrowing: work may go on under a new version if this is unchanged. */
  accessEpoch: number
  /** The photo's order in feeds: publishedAt in ms. */
  score: number
  ownerId: UserId
  /** The owner's followers by their counters, for progress only. */
  followers: number
  /** 1: few enough followers that slices on the queue `fanout` do; more: so many child workflows on `fanout-bulk`. */
  shards: number
  /** How many buckets its ranges and positions count in; plans of releases before there were 16,384 do not say. */
  buckets?: number | undefined
  /** When this came to be owed, in ms since 1970. */
  sinceMs: number
}

/** Where a push stands: the next page begins after this follower, in the order (bucket, id). Never an id list. */
export interface FanoutPosition {
  /** −1 before the first page, which takes in the author's own feed. */
  afterBucket: number
  afterFollowerId: UserId
  followersSeen: number
  /** Feeds pushed to, or collected from. */
  feedsWritten: number
}

/** Where every push begins. */
export const FANOUT_START: FanoutPosition = {
  afterBucket: -1,
  afterFollowerId: '0',
  followersSeen: 0,
  feedsWritten: 0,
}

/** A part of the followers: those in buckets up to `lastBucket`, from `position` on. */
export interface FanoutRange {
  readonly position: Readonly<FanoutPosition>
  readonly lastBucket: number
  readonly done: boolean
}

/** A plan and how far it is carried out: one range a shard. */
export interface FanoutWork {
  readonly plan: Readonly<DistributionPlan>
  readonly ranges: readonly FanoutRange[]
}

export interface PushSliceInput {
  photoId: PhotoId
  plan: DistributionPlan
  /** Where the push stands. */
  after: FanoutPosition
  /** The last bucket that is this range's; all if it is not given. */
  lastBucket?: number
}

export interface PushSliceResult {
  /** `more`: followers are left; `replan`: the photo is no longer as planned, and nothing more was written. */
  outcome: 'done' | 'more' | 'replan'
  position: FanoutPosition
}

/** Signal: the photo's distribution may have to change (publish, widen, narrow, delete). */
export const DISTRIBUTION_CHANGED = 'distributionChanged'
/** Signals of operators: hold the push after the slices that are under way; go on. The photo is in flight meanwhile. */
export const PAUSE_FANOUT = 'pause'
export const RESUME_FANOUT = 'resume'
/** Query: progress of the push. */
export const FANOUT_PROGRESS = 'fanoutProgress'

/** `completing`: all is written, and the replicas are awaited. */
export type FanoutState =
  'planning' | 'pushing' | 'collecting' | 'completing' | 'paused' | 'done' | 'cancelled'

export interface FanoutProgress {
  state: FanoutState
  /** The author's followers when the push was planned. */
  followers: number
  followersSeen: number
  /** Feeds that hold the photo now; followers who are not enrolled pull it. Of a collection: feeds it was taken from. */
  delivered: number
  /** Empty unless the push is sharded. */
  shards: ShardProgress[]
}

export interface ShardProgress {
  shard: number
  state: 'running' | 'retrying' | 'done'
  followersSeen: number
  delivered: number
  /** How often the shard's workflow failed and was started again from where it was. */
  failures: number
}
