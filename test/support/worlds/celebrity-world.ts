import { randomUUID } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { fanoutShardWorkflowId } from '../../../src/contracts/fanout-shard.ts'
import {
  FANOUT_PROGRESS,
  PAUSE_FANOUT,
  RESUME_FANOUT,
  photoFanoutWorkflowId,
  type FanoutProgress,
} from '../../../src/contracts/photo-fanout.ts'
import { stageAttribute } from '../../../src/contracts/search-attributes.ts'
import type { FeedPosition } from '../../../src/domain/feed-page.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { createFeedHeads, type FeedHeads } from '../../../src/infra/redis/feed-heads.ts'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import { createWorkflowStarts } from '../../../src/services/delivery/workflow-starts.ts'
import { eventually, openUploadWorld, type UploadWorld } from './upload-world.ts'
import { markInFlight } from '../../../src/services/distribution/in-flight-marks.ts'

export const SHARD_THRESHOLD = 50
export const SHARDS = 4
/** Answered by every workflow; what it says of itself is what the Web UI shows. */
const WORKFLOW_METADATA = '__temporal_workflow_metadata'

/** Authors of many followers, and fanouts of their photos by workers in this process. */
export interface CelebrityWorld {
  upload: UploadWorld
  heads: FeedHeads
  redis: RedisClient
  author(): Promise<UserId>
  /** Accounts that are enrolled and follow the author; there is nothing to collect of their feeds. */
  addFollowers(author: UserId, count: number): Promise<UserId[]>
  /** Makes heads warm, as readers do whose feeds hold these photos, and no others. */
  warmHeads(userIds: UserId[], items?: FeedPosition[]): Promise<void>
  inHead(userId: UserId, photoId: PhotoId): Promise<boolean>
  /** Publishes a photo; its fanout is not started. */
  publish(author: UserId): Promise<PhotoId>
  /** As PATCH and DELETE do in the database; its fanout is not woken. */
  change(
    photoId: PhotoId,
    to: { visibility?: Visibility; deleted?: boolean; caption?: string },
  ): Promise<void>
  /** Starts or wakes the fanout. */
  reconcile(photoId: PhotoId, author: UserId): Promise<FanoutRun>
  /** Whose feeds have a row of the photo. */
  rowsOf(photoId: PhotoId): Promise<UserId[]>
  isInFlight(photoId: PhotoId): Promise<boolean>
  close(): Promise<void>
}

export interface FanoutRun {
  handle: ReturnType<UploadWorld['temporal']['workflow']['getHandle']>
  progress(): Promise<FanoutProgress>
  result(): Promise<FanoutProgress>
  stage(): Promise<string | undefined>
  /** Pauses the push of a sharded photo; resolves when no slice is under way any more. */
  hold(): Promise<void>
  /** Ends that for all shards, or for one. */
  goOn(shard?: number): Promise<void>
  /** Whether a step of it, or of its shards, has failed and is tried again. */
  isRetrying(): Promise<boolean>
}

export async function openCelebrityWorld(overrides: Record<string, string> = {}): Promise<CelebrityWorld> {
  const upload = await openUploadWorld({
    FANOUT_SHARD_THRESHOLD: String(SHARD_THRESHOLD),
    FANOUT_SHARDS: String(SHARDS),
    ...overrides,
  })
  const { db } = upload
  const redis = openRedis(upload.config.REDIS_URL)
  const heads = createFeedHeads(redis)
  const starts = createWorkflowStarts(upload.temporal)

  return {
    upload,
    heads,
    redis,
    author: () => upload.owner(),
    async addFollowers(author, count) {
      const rows = await db.primary<{ user_id: UserId }>({
        text: `
          WITH account AS (
            INSERT INTO users (username, password_hash)
            SELECT $1 || n, 'none' FROM generate_series(1, $2::integer) n RETURNING user_id
          ), following AS (
            INSERT INTO follows (follower_id, followee_id) SELECT user_id, $3::bigint FROM account
          ), enrolled AS (
            INSERT INTO feed_state (user_id, epoch, collected_epoch, enrolled, last_read_at)
            SELECT user_id, 1, 1, true, now() FROM account
          ), counted AS (
            INSERT INTO user_counters (user_id, slot, followers) VALUES ($3, 0, $2)
            ON CONFLICT (user_id, slot) DO UPDATE SET followers = user_counters.followers + $2
          )
          SELECT user_id FROM account ORDER BY user_id`,
        values: [`follower-${randomUUID().slice(0, 8)}-`, count, author],
      })
      return rows.map((row) => row.user_id)
    },
    async warmHeads(userIds, items = []) {
      for (const userId of userIds) {
        const build = await heads.beginBuild(userId, 1)
        if (typeof build === 'string') throw new Error(`the head of ${userId} is ${build}`)
        await heads.finishBuild(userId, build, { epoch: 1, floor: 0, items })
      }
    },
    async inHead(userId, photoId) {
      const slice = await heads.readSlice(userId, undefined, 200)
      return slice?.items.some((item) => item.photoId === photoId) ?? false
    },
    async publish(author) {
      const photoId = uuid()
      await db.transaction(async (tx) => {
        const [row] = await tx.query<{ score: string }>({
          text: `
            INSERT INTO photos (photo_id, owner_id, status, storage_key, content_type, bytes, upload_expires_at,
              published_at, score)
            SELECT $1::uuid, $2, 'ready', 'originals/' || $1::text, 'image/jpeg', 1, now(), at,
              (extract(epoch FROM at) * 1000)::bigint
            FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) clock RETURNING score`,
          values: [photoId, author],
        })
        await markInFlight(tx, { photoId, ownerId: author, score: Number(row!.score) }, SHARD_THRESHOLD)
      })
      return photoId
    },
    async change(photoId, { visibility, deleted, caption }) {
      await db.transaction(
        async (tx) => {
          await tx.query({
            text: `UPDATE photos SET version = version + 1, visibility = coalesce($2, visibility),
                status = CASE WHEN $3 THEN 'deleted' ELSE status END, caption = coalesce($4, caption),
                access_epoch = access_epoch + ($3 OR coalesce($2, '') = 'private')::integer
              WHERE photo_id = $1`,
            values: [photoId, visibility ?? null, deleted ?? false, caption ?? null],
          })
          if (visibility === 'public') {
            const [row] = await tx.query<{ owner_id: UserId; score: string }>({
              text: 'SELECT owner_id, score FROM photos WHERE photo_id = $1',
              values: [photoId],
            })
            const photo = { photoId, ownerId: row!.owner_id, score: Number(row!.score) }
            await markInFlight(tx, photo, SHARD_THRESHOLD)
          }
        },
        { narrows: deleted === true || visibility === 'private' },
      )
    },
    async reconcile(photoId, ownerId) {
      await starts.reconcileDistribution({ photoId, ownerId })
      const { workflow } = upload.temporal
      const handle = workflow.getHandle(photoFanoutWorkflowId(photoId))
      async function openShards() {
        const children = (await handle.describe()).raw.pendingChildren ?? []
        return children.map(({ workflowId }) => workflow.getHandle(workflowId!))
      }
      return {
        handle,
        async hold() {
          await handle.signal(PAUSE_FANOUT)
          await eventually(async () => {
            for (const shard of await openShards()) {
              const { currentDetails } = await shard.query<{ currentDetails?: string }>(WORKFLOW_METADATA)
              if (!currentDetails?.startsWith('**paused')) return false
              const { pendingActivities, pendingWorkflowTask } = (await shard.describe()).raw
              if (pendingActivities?.length || pendingWorkflowTask) return false
            }
            return true
          })
        },
        async goOn(shard) {
          const of = shard === undefined ? handle : workflow.getHandle(fanoutShardWorkflowId(photoId, shard))
          await of.signal(RESUME_FANOUT)
        },
        async isRetrying() {
          const runs = [handle, ...(await openShards())].map((each) => each.describe())
          const activities = (await Promise.all(runs)).flatMap(({ raw }) => raw.pendingActivities ?? [])
          return activities.some(({ attempt }) => (attempt ?? 0) > 1)
        },
        progress: () => handle.query<FanoutProgress>(FANOUT_PROGRESS),
        result: () => handle.result() as Promise<FanoutProgress>,
        stage: async () => (await handle.describe()).typedSearchAttributes.get(stageAttribute),
      }
    },
    async rowsOf(photoId) {
      const rows = await db.primary<{ user_id: UserId }>({
        text: 'SELECT user_id FROM feed_items WHERE photo_id = $1 ORDER BY user_id',
        values: [photoId],
      })
      return rows.map((row) => row.user_id)
    },
    async isInFlight(photoId) {
      const text = 'SELECT FROM in_flight WHERE photo_id = $1'
      return (await db.primary({ text, values: [photoId] })).length > 0
    },
    async close() {
      redis.disconnect()
      await upload.close()
    },
  }
}

/** Waits until a fanout's progress is so. */
export async function untilProgress(
  run: FanoutRun,
  holds: (progress: FanoutProgress) => boolean,
): Promise<FanoutProgress> {
  return eventually(async () => {
    const progress = await run.progress()
    return holds(progress) && progress
  })
}
