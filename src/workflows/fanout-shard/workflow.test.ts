import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { fanoutShardWorkflowId } from '../../contracts/fanout-shard.ts'
import { PAUSE_FANOUT, RESUME_FANOUT, type PushSliceInput } from '../../contracts/photo-fanout.ts'
import { openDevServer } from '../../../test/support/servers/dev-server.ts'
import {
  eachInFanoutWorld,
  inThirds,
  planned,
  progressOf,
  stageOf,
  type FanoutHandle,
  type FanoutWorld,
} from '../../../test/support/worlds/workflow-world.ts'
import { gate, until } from '../../../test/support/servers/time-skipping.ts'
import { BUCKET_COUNT } from '../../domain/buckets.ts'

let world: FanoutWorld
eachInFanoutWorld(openDevServer, (opened) => {
  world = opened
  world.photo = sharded(1)
  world.slice = inThirds
})

/** Two shards of nine followers each. */
const sharded = (version: number, changes = {}) => planned(version, { followers: 18, shards: 2, ...changes })
const FIRST = BUCKET_COUNT / 2 - 1
const SECOND = BUCKET_COUNT - 1

const slicesOf = (lastBucket: number) => world.calls.filter((call) => call.includes(` ${lastBucket} from `))

/** Holds a shard's slice at this many followers. */
function holding(lastBucket: number, followersSeen: number) {
  const held = gate()
  let reached = false
  world.slice = async (input: PushSliceInput) => {
    if (input.lastBucket === lastBucket && input.after.followersSeen === followersSeen) {
      reached = true
      await held.opened
    }
    return inThirds(input)
  }
  return { open: held.open, reached: async () => reached }
}

describe('a sharded fanout', () => {
  it('pushes every range once and completes after the last', async () => {
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({
      state: 'done',
      followersSeen: 18,
      delivered: 18,
      shards: [
        { shard: 0, state: 'done', followersSeen: 9, failures: 0 },
        { shard: 1, state: 'done', followersSeen: 9, failures: 0 },
      ],
    })
    for (const last of [FIRST, SECOND]) {
      expect(slicesOf(last)).toEqual([0, 3, 6].map((seen) => `push v1 ${last} from ${seen}`))
    }
    expect(world.calls.filter((call) => call.startsWith('complete'))).toEqual(['complete v1'])
    expect(world.calls.indexOf('complete v1')).toBe(7)
  })

  it('reports the progress of each shard', async () => {
    const held = holding(SECOND, 6)
    const fanout = await world.start()
    await until(async () => (await progressOf(fanout)).followersSeen === 15)
    expect(await progressOf(fanout)).toMatchObject({
      state: 'pushing',
      shards: [
        { state: 'done', followersSeen: 9 },
        { state: 'running', followersSeen: 6 },
      ],
    })
    held.open()
    await fanout.result()
  })

  it('holds between slices while paused and resumes where it was', async () => {
    const held = holding(FIRST, 3)
    const fanout = await world.start()
    await until(held.reached)
    await until(async () => slicesOf(SECOND).length === 3)
    await fanout.signal(PAUSE_FANOUT)
    await until(async () => (await progressOf(fanout)).state === 'paused')
    expect(await stageOf(fanout)).toBe('paused')
    const shard = world.env.client.workflow.getHandle(fanoutShardWorkflowId(photoOf(fanout), 0))
    await until(async () => (await shard.fetchHistory()).events!.some(isSignal))
    held.open()
    await until(async () => (await progressOf(fanout)).followersSeen === 15)
    // Everything else is done; the third slice of the paused shard has not begun, and nothing is complete.
    await shard.query('shardPosition')
    expect(slicesOf(FIRST)).toEqual([0, 3].map((seen) => `push v1 ${FIRST} from ${seen}`))
    expect(world.calls).not.toContain('complete v1')
    await fanout.signal(RESUME_FANOUT)
    expect(await fanout.result()).toMatchObject({ state: 'done', followersSeen: 18 })
    expect(slicesOf(FIRST)).toEqual([0, 3, 6].map((seen) => `push v1 ${FIRST} from ${seen}`))
  })

  it('finishes the slices of all shards on cancel, then readers merge', async () => {
    world.slice = world.untilStopped
    const fanout = await world.start()
    await until(async () => slicesOf(FIRST).length + slicesOf(SECOND).length === 2)
    await fanout.cancel()
    await expect(fanout.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(world.calls.slice(-4, -2).sort()).toEqual([`slice ended ${SECOND}`, `slice ended ${FIRST}`])
    expect(world.calls.slice(-2)).toEqual(['plan', 'keepInFlight'])
    expect(await stageOf(fanout)).toBe('cancelled')
  })

  it('ends when it is cancelled while paused', async () => {
    const held = holding(FIRST, 3)
    const fanout = await world.start()
    await until(held.reached)
    await until(async () => (await progressOf(fanout)).shards[1]!.state === 'done')
    await fanout.signal(PAUSE_FANOUT)
    await until(async () => (await progressOf(fanout)).state === 'paused')
    const shard = world.env.client.workflow.getHandle(fanoutShardWorkflowId(photoOf(fanout), 0))
    await until(async () => (await shard.fetchHistory()).events!.some(isSignal))
    held.open()
    // The slice has ended and the next is held; another test cancels in the middle of a slice.
    await until(async () => (await progressOf(fanout)).followersSeen === 15)
    await fanout.cancel()
    await expect(fanout.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(world.calls.at(-1)).toBe('keepInFlight')
  })

  it('restarts only the failed shard, from where it was', async () => {
    let fails = true
    world.slice = async (input) => {
      if (input.lastBucket === SECOND && input.after.followersSeen === 3 && fails) {
        // Fails once the parent knows that three are done.
        await until(async () => (await progressOf(fanout)).shards[1]!.followersSeen === 3)
        fails = false
        throw ApplicationFailure.nonRetryable('a bug')
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({
      followersSeen: 18,
      shards: [{ failures: 0 }, { failures: 1, state: 'done' }],
    })
    expect(slicesOf(FIRST)).toHaveLength(3)
    expect(slicesOf(SECOND)).toEqual([0, 3, 3, 6].map((seen) => `push v1 ${SECOND} from ${seen}`))
  })

  it('ends without an error if the photo is deleted before its first batch', async () => {
    world.slice = async ({ after }) => {
      world.photo = { desired: 'none' }
      return { outcome: 'replan', position: after }
    }
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({ state: 'done', delivered: 0 })
    expect(slicesOf(FIRST)).toHaveLength(1)
    expect(slicesOf(SECOND)).toHaveLength(1)
    expect(world.calls).not.toContain('complete v1')
  })

  it('resumes each shard where it was after an edit', async () => {
    world.slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 3) {
        world.photo = sharded(2)
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    expect(await fanout.result()).toMatchObject({ followersSeen: 18 })
    for (const last of [FIRST, SECOND]) {
      expect(slicesOf(last)).toEqual(['v1 0', 'v1 3', 'v2 3', 'v2 6'].map((what) => asSlice(what, last)))
    }
  })

  it('collects what it pushed when the photo is narrowed midway', async () => {
    world.slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 6) {
        world.photo = sharded(2, { desired: 'collect', accessEpoch: 2 })
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slicesOf(FIRST).slice(3)).toEqual([0, 3, 6].map((seen) => `collect v2 ${FIRST} from ${seen}`))
    expect(world.calls.at(-1)).toBe('complete v2')
  })

  it('pushes again when the photo is widened during a collection', async () => {
    world.photo = sharded(1, { desired: 'collect' })
    world.slice = async (input) => {
      if (input.plan.version === 1 && input.after.followersSeen === 6) {
        world.photo = sharded(2)
        return { outcome: 'replan', position: input.after }
      }
      return inThirds(input)
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slicesOf(SECOND).slice(3)).toEqual([0, 3, 6].map((seen) => `push v2 ${SECOND} from ${seen}`))
  })

  it('plans again when the photo changes just before completion', async () => {
    let changes = true
    world.complete = async ({ version }) => {
      if (changes) world.photo = sharded(2)
      changes = false
      return version === 2
    }
    const fanout = await world.start()
    await fanout.result()
    expect(slicesOf(FIRST)).toHaveLength(3)
    expect(world.calls.filter((call) => call.startsWith('complete'))).toEqual(['complete v1', 'complete v2'])
  })
})

const asSlice = (what: string, last: number) => {
  const [version, seen] = what.split(' ')
  return `push ${version} ${last} from ${seen}`
}
const photoOf = (fanout: FanoutHandle) => fanout.workflowId.split('/')[1]!
const isSignal = (event: { workflowExecutionSignaledEventAttributes?: unknown }) =>
  Boolean(event.workflowExecutionSignaledEventAttributes)
