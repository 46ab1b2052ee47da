import { Context } from '@temporalio/activity'
import { describe, expect, it } from 'vitest'
import {
  DISTRIBUTION_CHANGED,
  FANOUT_START,
  PAUSE_FANOUT,
  RESUME_FANOUT,
} from '../../contracts/photo-fanout.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import {
  eachInFanoutWorld,
  inThirds,
  later,
  planned,
  progressOf,
  stageOf,
  type FanoutWorld,
} from '../../../test/support/worlds/workflow-world.ts'
import { gate, openTimeSkipping, until } from '../../../test/support/servers/time-skipping.ts'
import { BUCKET_COUNT } from '../../domain/buckets.ts'

let world: FanoutWorld
eachInFanoutWorld(openTimeSkipping, (opened) => {
  world = opened
})

/** The slices among the calls, however often it planned. */
const slices = () => world.calls.filter((call) => /^(push|collect)/.test(call))

describe('photoFanout', () => {
  it('pushes slice by slice and reports its progress', async () => {
    const second = gate()
    world.slice = async (input) => {
      if (input.after.followersSeen === 3) await second.opened
      return inThirds(input)
    }
    const fanout = await world.start()
    await until(async () => (await progressOf(fanout)).followersSeen === 3)
    expect(await progressOf(fanout)).toEqual({
      state: 'pushing',
      followers: 9,
      followersSeen: 3,
      delivered: 3,
      shards: [],
    })
    second.open()
    expect(await fanout.result()).toEqual({
      state: 'done',
      followers: 9,
      followersSeen: 9,
      delivered: 9,
      shards: [],
    })
    expect(slices()).toEqual(['push v1 from 0', 'push v1 from 3', 'push v1 from 6'])
    expect(await stageOf(fanout)).toBe('done')
  })

  it('ends without an error when the photo belongs in no feed', async () => {
    world.photo = { desired: 'none' }
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 0 })
    expect(slices()).toEqual([])
  })

  it('resumes where it was after an edit', async () => {
    world.slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 3) {
        world.photo = planned(2)
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slices()).toEqual(['push v1 from 0', 'push v1 from 3', 'push v2 from 3', 'push v2 from 6'])
  })

  it('starts over after a narrowing, as rebuilt feeds lack the photo', async () => {
    world.slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 3) {
        world.photo = planned(3, { accessEpoch: 2 })
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slices().slice(2)).toEqual(['push v3 from 0', 'push v3 from 3', 'push v3 from 6'])
  })

  it('stops midway when the photo is deleted', async () => {
    world.slice = async (input) => {
      world.photo = { desired: 'none' }
      return { outcome: 'replan', position: input.after }
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slices()).toEqual(['push v1 from 0'])
  })

  it('pushes once more, however many signals bring a new version', async () => {
    const first = gate()
    world.slice = async (input) => {
      if (input.plan.version === 1) await first.opened
      return { outcome: 'done', position: later(input.after, 9) }
    }
    const fanout = await world.start()
    await until(async () => slices().length === 1)
    world.photo = planned(2, { accessEpoch: 2 })
    for (let times = 0; times < 3; times++) await fanout.signal(DISTRIBUTION_CHANGED)
    first.open()
    await fanout.result()
    expect(slices()).toEqual(['push v1 from 0', 'push v2 from 0'])
  })

  it('resumes from where an earlier run stopped', async () => {
    world.slice = inThirds
    const ranges = [{ position: later(FANOUT_START, 6), lastBucket: BUCKET_COUNT - 1, done: false }]
    const fanout = await world.start({ resume: { work: { plan: planned(1), ranges }, paused: false } })
    expect(await fanout.result()).toEqual({
      state: 'done',
      followers: 9,
      followersSeen: 9,
      delivered: 9,
      shards: [],
    })
    expect(slices()).toEqual(['push v1 from 6'])
  })

  it('survives failures of Postgres and Redis', async () => {
    world.slice = async (input) => {
      if (Context.current().info.attempt < 6) throw new Error('Redis did not answer within 2000 ms')
      return inThirds(input)
    }
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 9 })
  })

  it('finishes its slice on cancel and writes nothing after its end', async () => {
    world.slice = world.untilStopped
    const fanout = await world.start()
    await until(async () => slices().length === 1)
    await fanout.cancel()
    await expect(fanout.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(world.calls.slice(1)).toEqual(['push v1 from 0', 'slice ended', 'plan', 'keepInFlight'])
    expect(await stageOf(fanout)).toBe('cancelled')
  })

  it('has readers merge a photo that is widened before a cancelled run ends', async () => {
    world.photo = planned(2, { desired: 'collect' })
    world.slice = world.untilStopped
    const fanout = await world.start()
    let widened = false
    world.keep = async () => {
      // The step has already seen that the photo is private.
      if (widened) return
      widened = true
      world.photo = planned(3)
      await fanout.signal(DISTRIBUTION_CHANGED)
    }
    await until(async () => slices().length === 1)
    await fanout.cancel()
    await expect(fanout.result()).rejects.toThrow()
    expect(world.calls.slice(-4)).toEqual(['plan', 'keepInFlight', 'plan', 'keepInFlight'])
    expect(slices()).toEqual(['collect v2 from 0'])
  })

  it('pushes a widened photo without waiting for its collection to end', async () => {
    world.photo = planned(1, { desired: 'collect' })
    world.slice = async (input) => {
      if (input.plan.desired === 'collect') return world.untilStopped(input)
      return { outcome: 'done', position: later(input.after, 9) }
    }
    const fanout = await world.start()
    await until(async () => slices().length === 1)
    world.photo = planned(2)
    await fanout.signal(DISTRIBUTION_CHANGED)
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 9 })
    expect(slices()).toEqual(['collect v1 from 0', 'push v2 from 0'])
  })

  it('pushes a widened photo although no worker takes its collection', async () => {
    world.photo = planned(1, { desired: 'collect' })
    world.unserved = [TASK_QUEUES['fanout-bulk']]
    const fanout = await world.start()
    await until(async () => (await progressOf(fanout)).state === 'collecting')
    world.photo = planned(2)
    await fanout.signal(DISTRIBUTION_CHANGED)
    expect(await fanout.result()).toMatchObject({ state: 'done' })
    expect(slices()).toEqual(['push v2 from 0'])
  })

  it('has readers merge a paused photo, even if it is widened meanwhile', async () => {
    const held = gate()
    world.slice = async (input) => {
      if (input.after.followersSeen === 3) await held.opened
      return inThirds(input)
    }
    const fanout = await world.start()
    await until(async () => slices().length === 2)
    await fanout.signal(PAUSE_FANOUT)
    held.open()
    await until(async () => world.calls.at(-1) === 'keepInFlight')
    await fanout.signal(DISTRIBUTION_CHANGED)
    await until(async () => world.calls.filter((call) => call === 'keepInFlight').length === 2)
    expect(slices()).toHaveLength(2)
    await fanout.signal(RESUME_FANOUT)
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 9 })
    expect(slices()).toHaveLength(3)
  })
})
