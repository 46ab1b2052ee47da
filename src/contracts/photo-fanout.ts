import type { PhotoId, UserId } from '../domain/ids.ts'

/** Reconciles one photo's distribution with its desired state (docs/feed.md). */
export const PHOTO_FANOUT = 'photoFanout'
export const photoFanoutWorkflowId = (photoId: PhotoId): string => `fanout/${photoId}`

export interface PhotoFanoutInput {
  photoId: PhotoId
  ownerId: UserId
  /** Work under way, carried over by continue-as-new. */
  resume?: { work: FanoutWork; paused: boolean } | undefined
}

/**
 * What brings a photo's distribution in line with its row on the primary: push it to the feeds of all enrolled
 * followers, or collect what they still hold of it.
 */
export type FanoutPlan = { desired: 'none' } | DistributionPlan

export interface DistributionPlan {
  desired: 'push' | 'collect'
  /** Slices write only while the photo is at this version. */
  version: number
  /** Rises with every narrowing; while it is unchanged, work may continue under a new version. */
  accessEpoch: number
  /** The photo's place in feeds: publishedAt in ms. */
  score: number
  ownerId: UserId
  /** The owner's number of followers, for progress only. */
  followers: number
  /** 1: the fanout runs its slices itself; more: it splits them among this many child workflows. */
  shards: number
  /** How many buckets its ranges and positions refer to; plans from before there were 16,384 do not say. */
  buckets?: number | undefined
  /** When the push or collection came to be owed, in ms since 1970. */
  sinceMs: number
}

/** Where a push or collection stands: the next batch begins after this follower, in the order (bucket, id). */
export interface FanoutPosition {
  /** −1 before the first batch, which includes the author's own feed. */
  afterBucket: number
  afterFollowerId: UserId
  followersSeen: number
  /** Feeds pushed to, or collected from. */
  feedsWritten: number
}

/** Where every push and collection begins. */
export const FANOUT_START: FanoutPosition = {
  afterBucket: -1,
  afterFollowerId: '0',
  followersSeen: 0,
  feedsWritten: 0,
}

/** A part of the followers: those in buckets up to `lastBucket`, after `position`. */
export interface FanoutRange {
  readonly position: Readonly<FanoutPosition>
  readonly lastBucket: number
  readonly done: boolean
}

/** A plan and how far it has been carried out, with one range for each shard. */
export interface FanoutWork {
  readonly plan: Readonly<DistributionPlan>
  readonly ranges: readonly FanoutRange[]
}

export interface PushSliceInput {
  photoId: PhotoId
  plan: DistributionPlan
  /** The slice begins after this position. */
  after: FanoutPosition
  /** The last bucket of the range; the last of all by default. */
  lastBucket?: number
}

export interface PushSliceResult {
  /** `more`: followers are left; `replan`: the photo has changed since the plan, and nothing more was written. */
  outcome: 'done' | 'more' | 'replan'
  position: FanoutPosition
}

/** Signal: the photo's distribution may have to change (publish, widen, narrow, delete). */
export const DISTRIBUTION_CHANGED = 'distributionChanged'
/** Signals from operators: pause after the slices under way, and resume. The photo is in flight meanwhile. */
export const PAUSE_FANOUT = 'pause'
export const RESUME_FANOUT = 'resume'
/** Query: progress of the push. */
export const FANOUT_PROGRESS = 'fanoutProgress'

/** `completing`: everything is written, and the fanout waits for the replica to replay it. */
export type FanoutState =
  'planning' | 'pushing' | 'collecting' | 'completing' | 'paused' | 'done' | 'cancelled'

export interface FanoutProgress {
  state: FanoutState
  /** The author's followers when the push was planned. */
  followers: number
  followersSeen: number
  /**
   * Feeds pushed to; followers who are not enrolled pull the photo instead. For a collection: feeds it was taken from.
   */
  delivered: number
  /** Empty unless the push is sharded. */
  shards: ShardProgress[]
}

export interface ShardProgress {
  shard: number
  state: 'running' | 'retrying' | 'done'
  followersSeen: number
  delivered: number
  /** How often the shard's workflow failed and was started again from its position. */
  failures: number
}
