import { randomUUID } from 'node:crypto'
import { ApplicationFailure, Context } from '@temporalio/activity'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FANOUT_SHARD,
  fanoutShardWorkflowId,
  HAND_OVER,
  type FanoutShardInput,
} from '../contracts/fanout-shard.ts'
import {
  NOTIFICATION_WRITER,
  NOTIFICATIONS_OWED,
  notificationWriterWorkflowId,
  type NotificationWriterResult,
} from '../contracts/notification-writer.ts'
import { FANOUT_START } from '../contracts/photo-fanout.ts'
import {
  ORIGINAL_ARRIVED,
  PHOTO_DELETED,
  PHOTO_UPLOAD,
  photoUploadWorkflowId,
} from '../contracts/photo-upload.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { openDevServer } from '../../test/support/servers/dev-server.ts'
import { later, openFanoutWorld, planned } from '../../test/support/worlds/workflow-world.ts'
import { gate, startWorkers } from '../../test/support/servers/time-skipping.ts'
import { BUCKET_COUNT } from '../domain/buckets.ts'

const LONG_HISTORY_EVENTS = 40

let env: TestWorkflowEnvironment

beforeAll(async () => {
  env = await openDevServer(LONG_HISTORY_EVENTS)
})
afterAll(() => env?.teardown())

/** The last buckets of two shards. */
const FIRST = BUCKET_COUNT / 2 - 1
const SECOND = BUCKET_COUNT - 1

async function historyOf(workflowId: string, runId?: string) {
  return (await env.client.workflow.getHandle(workflowId, runId).fetchHistory()).events!
}

describe('a push whose history grows long', () => {
  it('continues as new with positions only and repeats no slice', async () => {
    const slices: Record<number, number> = { [FIRST]: 20, [SECOND]: 1 }
    const runs = new Map<string, string>()
    const world = openFanoutWorld(env)
    world.photo = planned(1, { followers: 21, shards: 2 })
    world.slice = async ({ after, lastBucket }) => {
      const { runId, workflowId } = Context.current().info.workflowExecution!
      runs.set(runId, workflowId)
      const position = later(after, 1)
      return { outcome: position.followersSeen < slices[lastBucket!]! ? 'more' : 'done', position }
    }
    try {
      const fanout = await world.start()
      expect(await fanout.result()).toMatchObject({ followersSeen: 21, delivered: 21 })
      const pushed = world.calls.filter((call) => call.includes(` ${FIRST} from `))
      expect(pushed).toEqual(Array.from({ length: 20 }, (_, seen) => `push v1 ${FIRST} from ${seen}`))

      const parent = await historyOf(fanout.workflowId, fanout.signaledRunId)
      const shards = await Promise.all([...runs].map(([runId, workflowId]) => historyOf(workflowId, runId)))
      expect(parent.at(-1)!.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy()
      expect(shards.some((shard) => shard.at(-1)!.workflowExecutionContinuedAsNewEventAttributes)).toBe(true)
    } finally {
      await world.stop()
    }
  })

  it('continues as new when a shard keeps failing', async () => {
    const world = openFanoutWorld(env)
    world.photo = planned(1, { followers: 18, shards: 2 })
    let failures = 0
    world.slice = async ({ lastBucket, after }) => {
      if (lastBucket === SECOND && failures++ < 3) throw ApplicationFailure.nonRetryable('a bug')
      return { outcome: 'done', position: later(after, 9) }
    }
    try {
      const fanout = await world.start()
      expect(await fanout.result()).toMatchObject({ followersSeen: 18 })
      const parent = await historyOf(fanout.workflowId, fanout.signaledRunId)
      expect(parent.at(-1)!.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy()
    } finally {
      await world.stop()
    }
  })

  it('hands over instead of continuing as new', async () => {
    const photoId = randomUUID()
    const workflowId = fanoutShardWorkflowId(photoId, 0)
    const world = openFanoutWorld(env)
    world.slice = async ({ after }) => {
      // Each slice takes six events, so the history is long after the sixth.
      if (after.followersSeen === 5) await env.client.workflow.getHandle(workflowId).signal(HAND_OVER)
      const position = later(after, 1)
      return { outcome: position.followersSeen < 12 ? 'more' : 'done', position }
    }
    await world.work()
    try {
      const plan = planned(1, { shards: 2 })
      const input: FanoutShardInput = {
        photoId,
        ownerId: '7',
        shard: 0,
        plan,
        position: FANOUT_START,
        lastBucket: FIRST,
        paused: false,
      }
      const shard = await env.client.workflow.start(FANOUT_SHARD, {
        workflowId,
        taskQueue: TASK_QUEUES.orchestration,
        args: [input],
      })
      expect(await shard.result()).toMatchObject({ outcome: 'more', position: { followersSeen: 6 } })
      expect((await shard.describe()).historyLength).toBeGreaterThan(LONG_HISTORY_EVENTS)
    } finally {
      await world.stop()
    }
  })
})

describe('an upload whose photo is deleted just as its steps end', () => {
  it('ends without an error', async () => {
    const rendering = gate()
    const deleted = gate()
    const workers = await startWorkers(env, {
      claimUpload: async () => ({ outcome: 'claimed' }),
      validateOriginal: async () => ({ outcome: 'valid', width: 4, height: 3, bytes: 9, attempts: 1 }),
      publishPhoto: async () => ({ outcome: 'published', version: 3 }),
      async renderVariants() {
        rendering.open()
        const context = Context.current()
        const beating = setInterval(() => context.heartbeat(), 50)
        return context.cancelled.finally(() => clearInterval(beating))
      },
      indexPhoto: () => deleted.opened,
      startFanout: () => deleted.opened,
      discardUpload: async () => undefined,
    })
    try {
      const photoId = randomUUID()
      const upload = await env.client.workflow.signalWithStart(PHOTO_UPLOAD, {
        workflowId: photoUploadWorkflowId(photoId),
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ photoId, ownerId: '7', expiresAtMs: Date.now() + 60_000 }],
        signal: ORIGINAL_ARRIVED,
        signalArgs: [],
      })
      await rendering.opened
      await upload.signal(PHOTO_DELETED)
      deleted.open()
      expect(await upload.result()).toEqual({ stage: 'deleted' })
    } finally {
      await workers.stop()
    }
  })
})

describe('a writer of notifications whose history grows long', () => {
  it('continues as new, keeps a wake and counts on', async () => {
    const workflowId = notificationWriterWorkflowId(3)
    const runs = new Set<string>()
    const wake = () =>
      env.client.workflow.signalWithStart(NOTIFICATION_WRITER, {
        workflowId,
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ writer: 3 }],
        signal: NOTIFICATIONS_OWED,
        signalArgs: [],
      })
    const workers = await startWorkers(env, {
      async writeNotifications() {
        runs.add(Context.current().info.workflowExecution!.runId)
        // Each slice is woken while it is under way; none once the run has been continued.
        if (runs.size === 1) await wake()
        return { taken: 10, more: false }
      },
    })
    try {
      const writer = await wake()
      const { events } = (await writer.result()) as NotificationWriterResult
      expect(runs.size).toBe(2)
      expect(events).toBeGreaterThan(20)
      expect(events % 10).toBe(0)
    } finally {
      await workers.stop()
    }
  })
})

describe('an upload whose history grows long', () => {
  it('keeps a hint that comes while it looks at the object', async () => {
    const photoId = randomUUID()
    const workflowId = photoUploadWorkflowId(photoId)
    const signal = () => env.client.workflow.getHandle(workflowId).signal(ORIGINAL_ARRIVED)
    const runs = new Set<string>()
    const workers = await startWorkers(env, {
      async claimUpload() {
        runs.add(Context.current().info.workflowExecution!.runId)
        // Each look is hinted while the one before is under way; none comes once the run has been continued.
        if (runs.size > 1) return { outcome: 'closed', status: 'ready' }
        await signal()
        return { outcome: 'absent' }
      },
    })
    try {
      const upload = await env.client.workflow.signalWithStart(PHOTO_UPLOAD, {
        workflowId,
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ photoId, ownerId: '7', expiresAtMs: Date.now() + 60_000 }],
        signal: ORIGINAL_ARRIVED,
        signalArgs: [],
      })
      expect(await upload.result()).toEqual({ stage: 'ready' })
      expect(runs.size).toBe(2)
    } finally {
      await workers.stop()
    }
  })
})
