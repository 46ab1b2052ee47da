import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  DISTRIBUTION_CHANGED,
  FANOUT_PROGRESS,
  FANOUT_START,
  PHOTO_FANOUT,
  photoFanoutWorkflowId,
  type FanoutPlan,
  type FanoutPosition,
  type FanoutProgress,
  type PhotoFanoutInput,
  type PushSliceInput,
  type PushSliceResult,
} from '../contracts/photo-fanout.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { gate, openTimeSkipping, startWorkers, type Workers } from '../../test/workflows/time-skipping.ts'

type FanoutHandle = WorkflowHandle<(input: PhotoFanoutInput) => Promise<FanoutProgress>>

let env: TestWorkflowEnvironment
let workers: Workers[]
/** `plan`, and `slice v<version> from <followersSeen>`. */
let calls: string[]
/** What planFanout says; changing it is what an edit does. */
let photo: FanoutPlan
let slice: (input: PushSliceInput) => Promise<PushSliceResult>

beforeAll(async () => {
  env = await openTimeSkipping()
})
afterAll(() => env?.teardown())
beforeEach(() => {
  calls = []
  workers = []
  photo = planned(1)
  slice = async ({ after }) => ({ outcome: 'done', position: later(after, 3) })
})
afterEach(() => Promise.all(workers.map((one) => one.stop())))

function planned(version: number, accessEpoch = 1): FanoutPlan {
  return { desired: 'push', version, accessEpoch, score: 5, ownerId: '7', followers: 9 }
}

function later(position: FanoutPosition, followers: number): FanoutPosition {
  const followersSeen = position.followersSeen + followers
  return {
    afterBucket: 1,
    afterFollowerId: String(followersSeen),
    followersSeen,
    feedsWritten: followersSeen,
  }
}

/** Slices of three followers out of nine. */
const inThirds = async ({ after }: PushSliceInput): Promise<PushSliceResult> => {
  const position = later(after, 3)
  return { outcome: position.followersSeen < 9 ? 'more' : 'done', position }
}

async function start(resume?: PhotoFanoutInput['resume']): Promise<FanoutHandle> {
  const activities = {
    planFanout: async () => {
      calls.push('plan')
      return photo
    },
    pushSlice: async (input: PushSliceInput) => {
      calls.push(`slice v${input.plan.version} from ${input.after.followersSeen}`)
      return slice(input)
    },
  }
  workers = [await startWorkers(env, activities), await startFanoutWorker(activities)]
  const photoId = randomUUID()
  return env.client.workflow.signalWithStart(PHOTO_FANOUT, {
    workflowId: photoFanoutWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7', ...(resume ? { resume } : {}) }] as [PhotoFanoutInput],
    signal: DISTRIBUTION_CHANGED,
    signalArgs: [],
  })
}

async function startFanoutWorker(activities: object): Promise<Workers> {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue: TASK_QUEUES.fanout,
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

/** The pushes among the calls; how often was planned is of no matter. */
const slices = () => calls.filter((call) => call !== 'plan')

describe('photoFanout', () => {
  it('pushes slice by slice and tells how far it is', async () => {
    const second = gate()
    slice = async (input) => {
      if (input.after.followersSeen === 3) await second.opened
      return inThirds(input)
    }
    const fanout = await start()
    await until(async () => (await fanout.query<FanoutProgress>(FANOUT_PROGRESS)).followersSeen === 3)
    expect(await fanout.query(FANOUT_PROGRESS)).toEqual({
      state: 'pushing',
      followers: 9,
      followersSeen: 3,
      delivered: 3,
    })
    second.open()
    expect(await fanout.result()).toEqual({ state: 'done', followers: 9, followersSeen: 9, delivered: 9 })
    expect(slices()).toEqual(['slice v1 from 0', 'slice v1 from 3', 'slice v1 from 6'])
    expect((await fanout.describe()).typedSearchAttributes.get(stageAttribute)).toBe('done')
  })

  it('ends quietly when the photo belongs in no feed', async () => {
    photo = { desired: 'none' }
    const fanout = await start()
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 0 })
    expect(slices()).toEqual([])
  })

  it('goes on where it was after an edit', async () => {
    slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 3) {
        photo = planned(2)
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await start()
    await fanout.result()
    expect(slices()).toEqual(['slice v1 from 0', 'slice v1 from 3', 'slice v2 from 3', 'slice v2 from 6'])
  })

  it('begins anew after a narrowing, as feeds rebuilt meanwhile lack the photo', async () => {
    slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 3) {
        photo = planned(3, 2)
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await start()
    await fanout.result()
    expect(slices().slice(2)).toEqual(['slice v3 from 0', 'slice v3 from 3', 'slice v3 from 6'])
  })

  it('stops in the middle when the photo is deleted', async () => {
    slice = async (input) => {
      photo = { desired: 'none' }
      return { outcome: 'replan', position: input.after }
    }
    const fanout = await start()
    await fanout.result()
    expect(slices()).toEqual(['slice v1 from 0'])
  })

  it('pushes again when it is signalled of a new version, and only then', async () => {
    const first = gate()
    slice = async (input) => {
      if (input.plan.version === 1) await first.opened
      return { outcome: 'done', position: later(input.after, 9) }
    }
    const fanout = await start()
    await until(async () => slices().length === 1)
    photo = planned(2, 2)
    for (let times = 0; times < 3; times++) await fanout.signal(DISTRIBUTION_CHANGED)
    first.open()
    await fanout.result()
    expect(slices()).toEqual(['slice v1 from 0', 'slice v2 from 0'])
  })

  it('goes on from where a former run was', async () => {
    slice = inThirds
    const plan = planned(1)
    if (plan.desired !== 'push') throw new Error('a push')
    const fanout = await start({ plan, position: later(FANOUT_START, 6) })
    expect(await fanout.result()).toEqual({ state: 'done', followers: 9, followersSeen: 9, delivered: 9 })
    expect(slices()).toEqual(['slice v1 from 6'])
  })

  it('outlasts failures of Postgres and Redis', async () => {
    slice = async (input) => {
      if (Context.current().info.attempt < 6) throw new Error('Redis did not answer within 2000 ms')
      return inThirds(input)
    }
    const fanout = await start()
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 9 })
  })

  it('that is cancelled waits for its slice, so that nothing is written after it ended', async () => {
    const ended: string[] = []
    slice = async ({ after }) => {
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(after), 50)
      await context.cancelled.catch(() => undefined)
      clearInterval(beating)
      ended.push('slice')
      throw new Error('stopped')
    }
    const fanout = await start()
    await until(async () => slices().length === 1)
    await fanout.cancel()
    await expect(fanout.result()).rejects.toThrow()
    expect(ended).toEqual(['slice'])
  })
})

/** Resolves when `holds` does. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    if (await holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('it never came to pass')
}
