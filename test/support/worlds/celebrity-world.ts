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
import { fanoutBulkWorker } from '../../../src/workers/fanout-bulk.ts'
import { fanoutWorker } from '../../../src/workers/fanout.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import type { RunningWorker } from '../../../src/workers/run-worker.ts'
import { addFollowers } from '../factories/follows.ts'
import { buildPhoto, deletePhoto, editPhoto, publishPhoto } from '../factories/photos.ts'
import { eventually, openUploadWorld, type UploadWorld } from './upload-world.ts'

export const SHARD_THRESHOLD = 50
export const SHARDS = 4
/** Answered by every workflow; what it says of itself is what the Web UI shows. */
const WORKFLOW_METADATA = '__temporal_workflow_metadata'

const WORKERS = {
  orchestration: orchestrationWorker,
  fanout: fanoutWorker,
  'fanout-bulk': fanoutBulkWorker,
}
type FanoutQueue = keyof typeof WORKERS

/** The queues of a push and of its shards. */
export const FANOUT_QUEUES = Object.keys(WORKERS) as FanoutQueue[]

/** Authors of many followers, and fanouts of their photos by workers in this process. */
export interface CelebrityWorld {
  upload: UploadWorld
  startWorker(queue: FanoutQueue): Promise<void>
  stopWorker(queue: FanoutQueue): Promise<void>
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
  /** As PATCH does in the database; its fanout is not woken. */
  edit(photoId: PhotoId, changes: { visibility?: Visibility; caption?: string }): Promise<void>
  /** As DELETE does in the database; its fanout is not woken. */
  remove(photoId: PhotoId): Promise<void>
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

/** @param queues of which workers run in this process from the beginning */
export async function openCelebrityWorld(
  settings: Record<string, string> = {},
  queues: readonly FanoutQueue[] = [],
): Promise<CelebrityWorld> {
  const upload = await openUploadWorld({
    FANOUT_SHARD_THRESHOLD: String(SHARD_THRESHOLD),
    FANOUT_SHARDS: String(SHARDS),
    ...settings,
  })
  const { db } = upload
  const redis = openRedis(upload.config.REDIS_URL)
  const heads = createFeedHeads(redis)
  const starts = createWorkflowStarts(upload.temporal)
  const workers = new Map<FanoutQueue, RunningWorker>()

  async function startWorker(queue: FanoutQueue): Promise<void> {
    workers.set(queue, await upload.start(WORKERS[queue]))
  }
  await Promise.all(queues.map(startWorker))

  return {
    upload,
    startWorker,
    stopWorker: (queue) => workers.get(queue)!.stop(),
    heads,
    redis,
    author: () => upload.owner(),
    addFollowers: (author, count) => addFollowers(db, author, count),
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
      const { photoId } = await buildPhoto(db, author, { status: 'processing' })
      await publishPhoto(db, photoId, SHARD_THRESHOLD)
      return photoId
    },
    edit: (photoId, changes) => editPhoto(db, photoId, changes, { fanoutShardThreshold: SHARD_THRESHOLD }),
    remove: (photoId) => deletePhoto(db, photoId),
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
