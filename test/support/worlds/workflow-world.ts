import { randomUUID } from 'node:crypto'
import { CancelledFailure, Context } from '@temporalio/activity'
import type { WorkflowHandleWithSignaledRunId } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import {
  DISTRIBUTION_CHANGED,
  FANOUT_PROGRESS,
  PHOTO_FANOUT,
  photoFanoutWorkflowId,
  type DistributionPlan,
  type FanoutPlan,
  type FanoutPosition,
  type FanoutProgress,
  type PhotoFanoutInput,
  type PushSliceInput,
  type PushSliceResult,
} from '../../../src/contracts/photo-fanout.ts'
import { stageAttribute } from '../../../src/contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import { startWorkers, type Workers } from '../servers/time-skipping.ts'
import { BUCKET_COUNT } from '../../../src/domain/buckets.ts'

export type FanoutHandle = WorkflowHandleWithSignaledRunId<
  (input: PhotoFanoutInput) => Promise<FanoutProgress>
>

/** photoFanout over fake activities that a test changes as it goes. */
export interface FanoutWorld {
  env: TestWorkflowEnvironment
  /** `plan`, `complete v<version>`, `keepInFlight`, and of each slice `<desired> v<version> <lastBucket> from <followersSeen>`. */
  calls: string[]
  /** What planFanout says; changing it is what an edit does. Complete once `completeFanout` was called. */
  photo: FanoutPlan
  slice: (input: PushSliceInput) => Promise<PushSliceResult>
  complete: (plan: DistributionPlan) => Promise<boolean>
  /** Runs as the step that has readers merge the photo. */
  keep: () => Promise<void>
  /** Queues without a worker, from the next start on. */
  unserved: string[]
  /** Starts the workers. */
  work(): Promise<void>
  /** Starts the workers and a push. */
  start(options?: Pick<PhotoFanoutInput, 'resume'>): Promise<FanoutHandle>
  stop(): Promise<void>
  /** A slice that runs until it is cancelled; then the call `slice ended`, of shards with their last bucket. */
  untilStopped: FanoutWorld['slice']
}

/** Opens a Temporal server for a file, and on it a world for each test. Called once, at the top of the file. */
export function eachInFanoutWorld(
  openServer: () => Promise<TestWorkflowEnvironment>,
  begin: (world: FanoutWorld) => void,
): void {
  let env: TestWorkflowEnvironment
  let world: FanoutWorld
  beforeAll(async () => {
    env = await openServer()
  })
  afterAll(() => env?.teardown())
  beforeEach(() => {
    world = openFanoutWorld(env)
    begin(world)
  })
  afterEach(() => world.stop())
}

export function openFanoutWorld(env: TestWorkflowEnvironment): FanoutWorld {
  const workers: Workers[] = []
  const completed = new Set<number>()
  const world: FanoutWorld = {
    env,
    calls: [],
    photo: planned(1),
    slice: async ({ after }) => ({ outcome: 'done', position: later(after, 3) }),
    complete: async ({ version }) => world.photo.desired !== 'none' && world.photo.version === version,
    keep: async () => undefined,
    unserved: [],
    async work() {
      const activities = {
        planFanout: async () => {
          world.calls.push('plan')
          const { photo } = world
          return photo.desired !== 'none' && completed.has(photo.version) ? { desired: 'none' } : photo
        },
        pushSlice: async (input: PushSliceInput) => {
          const { plan, after, lastBucket } = input
          const where = plan.shards > 1 ? ` ${lastBucket}` : ''
          world.calls.push(`${plan.desired} v${plan.version}${where} from ${after.followersSeen}`)
          return world.slice(input)
        },
        completeFanout: async ({ plan }: { plan: DistributionPlan }) => {
          world.calls.push(`complete v${plan.version}`)
          const done = await world.complete(plan)
          if (done) completed.add(plan.version)
          return done
        },
        keepInFlight: async () => {
          world.calls.push('keepInFlight')
          await world.keep()
        },
      }
      workers.push(await startWorkers(env, activities))
      for (const queue of [TASK_QUEUES.fanout, TASK_QUEUES['fanout-bulk']]) {
        if (world.unserved.includes(queue)) continue
        workers.push(await startActivityWorker(env, queue, activities))
      }
    },
    async start(options = {}) {
      await world.work()
      const photoId = randomUUID()
      return env.client.workflow.signalWithStart(PHOTO_FANOUT, {
        workflowId: photoFanoutWorkflowId(photoId),
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ photoId, ownerId: '7', ...options }] as [PhotoFanoutInput],
        signal: DISTRIBUTION_CHANGED,
        signalArgs: [],
      })
    },
    async stop() {
      await Promise.all(workers.map((one) => one.stop()))
    },
    async untilStopped({ plan, after, lastBucket }) {
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(after), 50)
      await context.cancelled.catch(() => undefined)
      clearInterval(beating)
      world.calls.push(plan.shards > 1 ? `slice ended ${lastBucket}` : 'slice ended')
      throw new CancelledFailure('stopped')
    },
  }
  return world
}

export const progressOf = (fanout: FanoutHandle) => fanout.query<FanoutProgress>(FANOUT_PROGRESS)

export const stageOf = async (fanout: FanoutHandle) =>
  (await fanout.describe()).typedSearchAttributes.get(stageAttribute)

export function planned(version: number, changes: Partial<DistributionPlan> = {}): DistributionPlan {
  return {
    desired: 'push',
    version,
    accessEpoch: 1,
    score: 5,
    ownerId: '7',
    followers: 9,
    shards: 1,
    buckets: BUCKET_COUNT,
    sinceMs: 0,
    ...changes,
  }
}

export function later(position: FanoutPosition, followers: number): FanoutPosition {
  const followersSeen = position.followersSeen + followers
  return {
    afterBucket: 1,
    afterFollowerId: String(followersSeen),
    followersSeen,
    feedsWritten: followersSeen,
  }
}

/** Slices of three followers out of nine. */
export async function inThirds({ after }: PushSliceInput): Promise<PushSliceResult> {
  const position = later(after, 3)
  return { outcome: position.followersSeen < 9 ? 'more' : 'done', position }
}

async function startActivityWorker(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  activities: object,
): Promise<Workers> {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue,
    activities,
    maxHeartbeatThrottleInterval: '100ms',
  })
  const running = worker.run()
  return {
    async stop() {
      worker.shutdown()
      await running
    },
  }
}
