import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fanoutShardWorkflowId } from '../../../src/contracts/fanout-shard.ts'
import {
  PAUSE_FANOUT,
  PHOTO_FANOUT,
  photoFanoutWorkflowId,
  RESUME_FANOUT,
} from '../../../src/contracts/photo-fanout.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { fanoutBulkWorker } from '../../../src/workers/fanout-bulk.ts'
import {
  FANOUT_QUEUES,
  openCelebrityWorld,
  SHARDS,
  untilProgress,
  type CelebrityWorld,
} from '../../support/worlds/celebrity-world.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

const FOLLOWERS = 3_000
const WARM = 40

describe('a photo of a celebrity', () => {
  let world: CelebrityWorld
  let celebrity: UserId
  let followers: UserId[]
  let warm: UserId[]

  beforeAll(async () => {
    world = await openCelebrityWorld({ FANOUT_SLICE_FOLLOWERS: '200' }, FANOUT_QUEUES)
    celebrity = await world.author()
    followers = await world.addFollowers(celebrity, FOLLOWERS)
    warm = followers.filter((_, index) => index % (FOLLOWERS / WARM) === 0)
    await world.warmHeads(warm)
  })
  afterAll(() => world?.close())

  async function expectPushed(photoId: PhotoId): Promise<void> {
    expect(await world.rowsOf(photoId)).toEqual(followers)
    for (const userId of warm) expect(await world.inHead(userId, photoId)).toBe(true)
    expect(await world.isInFlight(photoId)).toBe(false)
  }

  it('reaches every follower once, in shards, and is in flight until then', async () => {
    const photoId = await world.publish(celebrity)
    expect(await world.isInFlight(photoId)).toBe(true)
    const run = await world.reconcile(photoId, celebrity)
    const progress = await run.result()
    expect(progress).toMatchObject({ state: 'done', followersSeen: FOLLOWERS, delivered: FOLLOWERS })
    expect(progress.shards).toHaveLength(SHARDS)
    // The shards are balanced without a query that plans them.
    for (const { followersSeen } of progress.shards) {
      expect(Math.abs(followersSeen - FOLLOWERS / SHARDS)).toBeLessThan(FOLLOWERS / SHARDS / 5)
    }
    await expectPushed(photoId)
    expect(await run.stage()).toBe('done')
  })

  it('stays in flight while an operator holds it, and then goes on', async () => {
    const photoId = await world.publish(celebrity)
    const run = await world.reconcile(photoId, celebrity)
    await untilProgress(run, ({ shards }) => shards.length === SHARDS)
    await run.handle.signal(PAUSE_FANOUT)
    await eventually(async () => (await run.stage()) === 'paused')
    const held = await untilProgress(run, ({ state }) => state === 'paused')
    expect(held.followersSeen).toBeLessThan(FOLLOWERS)
    expect(await world.isInFlight(photoId)).toBe(true)
    await run.handle.signal(RESUME_FANOUT)
    expect(await run.result()).toMatchObject({ state: 'done', delivered: FOLLOWERS })
    await expectPushed(photoId)
  })

  it('does not wait for an earlier photo that is held', async () => {
    const [first, second] = [await world.publish(celebrity), await world.publish(celebrity)]
    const held = await world.reconcile(first, celebrity)
    await held.handle.signal(PAUSE_FANOUT)
    const next = await world.reconcile(second, celebrity)
    expect(await next.result()).toMatchObject({ state: 'done', delivered: FOLLOWERS })
    expect((await held.progress()).state).toBe('paused')
    expect(await world.isInFlight(first)).toBe(true)
    await held.handle.signal(RESUME_FANOUT)
    await held.result()
    await expectPushed(first)
    await expectPushed(second)
  })

  it('writes nothing once cancelled; readers merge it until the next push', async () => {
    const photoId = await world.publish(celebrity)
    const run = await world.reconcile(photoId, celebrity)
    await untilProgress(run, ({ followersSeen }) => followersSeen > 0)
    await run.handle.cancel()
    await expect(run.result()).rejects.toThrow()
    const rows = await world.rowsOf(photoId)
    expect(rows.length).toBeLessThan(FOLLOWERS)
    expect(await world.isInFlight(photoId)).toBe(true)
    for (let shard = 0; shard < SHARDS; shard++) {
      const handle = world.upload.temporal.workflow.getHandle(fanoutShardWorkflowId(photoId, shard))
      expect(['CANCELLED', 'COMPLETED']).toContain((await handle.describe()).status.name)
    }
    expect(await world.rowsOf(photoId)).toEqual(rows)
    await (await world.reconcile(photoId, celebrity)).result()
    await expectPushed(photoId)
  })

  it('is collected by a new run when it is narrowed during a cancel', async () => {
    const photoId = await world.publish(celebrity)
    const run = await world.reconcile(photoId, celebrity)
    await untilProgress(run, ({ followersSeen }) => followersSeen > 0)
    const { runId } = await run.handle.describe()
    await Promise.all([world.stopWorker('fanout-bulk'), world.stopWorker('fanout')])
    expect(await world.rowsOf(photoId)).not.toEqual([])
    await run.handle.cancel()
    await eventually(async () => (await run.handle.describe()).raw.pendingChildren?.length === 0)
    await world.edit(photoId, { visibility: 'private' })
    await world.reconcile(photoId, celebrity)
    await world.startWorker('fanout')
    await world.startWorker('fanout-bulk')
    expect(await run.result()).toMatchObject({ state: 'done' })
    expect(await world.rowsOf(photoId)).toEqual([])
    expect(await world.isInFlight(photoId)).toBe(false)
    const cancelled = world.upload.temporal.workflow.getHandle(run.handle.workflowId, runId)
    expect((await cancelled.describe()).status.name).toBe('CONTINUED_AS_NEW')
  })

  it('is pushed by all workers of its queue together', async () => {
    const options = () => ({ ...fanoutBulkWorker.options(world.upload.config), identity: 'the second' })
    const second = await world.upload.start({ ...fanoutBulkWorker, options })
    const run = await world.reconcile(await world.publish(celebrity), celebrity)
    await run.result()
    const workers = new Set<string>()
    for (let shard = 0; shard < SHARDS; shard++) {
      const shardId = fanoutShardWorkflowId(run.handle.workflowId.split('/')[1]!, shard)
      const { events } = await world.upload.temporal.workflow.getHandle(shardId).fetchHistory()
      for (const { activityTaskStartedEventAttributes: started } of events!) {
        if (started) workers.add(started.identity!)
      }
    }
    expect(workers).toContain('the second')
    expect(workers.size).toBe(2)
    await second.stop()
  })

  it('leaves every row and head when narrowed, and returns when widened', async () => {
    const photoId = await world.publish(celebrity)
    const run = await world.reconcile(photoId, celebrity)
    await untilProgress(run, ({ followersSeen }) => followersSeen > 0)
    await world.edit(photoId, { visibility: 'private' })
    await (await world.reconcile(photoId, celebrity)).result()
    expect(await world.rowsOf(photoId)).toEqual([])
    for (const userId of warm) expect(await world.inHead(userId, photoId)).toBe(false)
    expect(await world.isInFlight(photoId)).toBe(false)

    await world.edit(photoId, { visibility: 'public' })
    expect(await world.isInFlight(photoId)).toBe(true)
    await (await world.reconcile(photoId, celebrity)).result()
    await expectPushed(photoId)
  })

  it('is not pushed again for an edit of its caption', async () => {
    const photoId = await world.publish(celebrity)
    await (await world.reconcile(photoId, celebrity)).result()
    await world.upload.db.primary({
      text: 'DELETE FROM feed_items WHERE photo_id = $1',
      values: [photoId],
    })
    await world.edit(photoId, { caption: 'new' })
    expect(await (await world.reconcile(photoId, celebrity)).result()).toMatchObject({ followersSeen: 0 })
    expect(await world.rowsOf(photoId)).toEqual([])
  })

  it('leaves nothing when it is deleted before its shards start', async () => {
    await world.stopWorker('fanout-bulk')
    const photoId = await world.publish(celebrity)
    const run = await world.reconcile(photoId, celebrity)
    await untilProgress(run, ({ shards }) => shards.length === SHARDS)
    await world.remove(photoId)
    await world.startWorker('fanout-bulk')
    await run.result()
    expect(await world.rowsOf(photoId)).toEqual([])
    expect(await world.isInFlight(photoId)).toBe(false)
  })

  it('does not hold up an ordinary photo that is hidden and shown again', async () => {
    const author = await world.author()
    const [friend] = await world.addFollowers(author, 1)
    const photoId = await world.publish(author)
    await (await world.reconcile(photoId, author)).result()
    await world.stopWorker('fanout-bulk')
    const famous = await world.reconcile(await world.publish(celebrity), celebrity)
    await world.edit(photoId, { visibility: 'private' })
    const run = await world.reconcile(photoId, author)
    await untilProgress(run, ({ state }) => state === 'collecting')
    await world.edit(photoId, { visibility: 'public' })
    await (await world.reconcile(photoId, author)).result()
    expect(await world.rowsOf(photoId)).toEqual([friend])
    expect((await famous.progress()).state).toBe('pushing')
    await world.startWorker('fanout-bulk')
    await famous.result()
  })

  it('does not hold up an ordinary photo', async () => {
    const author = await world.author()
    const [friend] = await world.addFollowers(author, 1)
    await world.stopWorker('fanout-bulk')
    const famous = await world.reconcile(await world.publish(celebrity), celebrity)
    const photoId = await world.publish(author)
    await (await world.reconcile(photoId, author)).result()
    expect(await world.rowsOf(photoId)).toEqual([friend])
    expect((await famous.progress()).state).toBe('pushing')
    await world.startWorker('fanout-bulk')
    expect(await famous.result()).toMatchObject({ delivered: FOLLOWERS })
  })
})

describe('a photo of an ordinary author', () => {
  let world: CelebrityWorld
  beforeAll(async () => {
    world = await openCelebrityWorld({}, ['orchestration', 'fanout'])
  })
  afterAll(() => world?.close())

  it('is in flight while it is held', async () => {
    const author = await world.author()
    const [friend] = await world.addFollowers(author, 1)
    const photoId = await world.publish(author)
    expect(await world.isInFlight(photoId)).toBe(false)
    const run = await world.upload.temporal.workflow.signalWithStart(PHOTO_FANOUT, {
      workflowId: photoFanoutWorkflowId(photoId),
      taskQueue: TASK_QUEUES.orchestration,
      args: [{ photoId, ownerId: author }],
      signal: PAUSE_FANOUT,
    })
    await eventually(() => world.isInFlight(photoId))
    expect(await world.rowsOf(photoId)).toEqual([])
    await run.signal(RESUME_FANOUT)
    await run.result()
    expect(await world.rowsOf(photoId)).toEqual([friend])
    expect(await world.isInFlight(photoId)).toBe(false)
  })
})
