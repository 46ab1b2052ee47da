import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import { sweepBatch } from '../../../src/services/feed/sweep-rows.ts'
import { createFeedSweep, type FeedSweep } from '../../../src/services/feed/sweep.ts'
import { recordRead } from '../../../src/services/distribution/feed-state.ts'
import { measured } from '../../support/metrics.ts'
import { openWorld, type World } from '../../support/worlds/feed-world.ts'
import { storedFeedsOf, type StoredFeeds } from '../../support/worlds/stored-feeds.ts'

const UNENROL_DAYS = 30

let world: World
let stored: StoredFeeds
let sweep: FeedSweep
/** One that cannot reach the heads, so that they outlive an un-enrolment. */
let withoutRedis: FeedSweep
let nowhere: RedisClient
const collected = () => measured('darkroom_feed_ghosts_collected_total')
const unenrolled = () => measured('darkroom_feed_unenrolled_total')
beforeAll(async () => {
  world = await openWorld({ headItems: 5, rows: 50, minFollowing: 0 })
  stored = storedFeedsOf(world)
  nowhere = openRedis('redis://127.0.0.1:1')
  const deps = {
    db: world.db,
    unenrolDays: UNENROL_DAYS,
    logger: pino({ level: 'silent' }),
  }
  sweep = createFeedSweep({ ...deps, redis: world.redis })
  withoutRedis = createFeedSweep({ ...deps, redis: nowhere })
})
beforeEach(async () => {
  // What other tests left behind is none of these tests' work.
  await world.db.primary({ text: 'UPDATE feed_state SET collected_epoch = epoch, last_read_at = now()' })
})
afterAll(async () => {
  nowhere.disconnect()
  await world.close()
})

async function stateOf(userId: UserId) {
  const [row] = await world.db.primary<{
    enrolled: boolean
    claimed: boolean
    collected: boolean
    days: number
  }>({
    text: `SELECT enrolled, coalesce(rows_epoch = epoch, false) AS claimed, collected_epoch = epoch AS collected,
             extract(day FROM now() - last_read_at)::integer AS days FROM feed_state WHERE user_id = $1`,
    values: [userId],
  })
  return row!
}

describe('collection', () => {
  it('deletes rows of unfollowed authors and deleted photos only', async () => {
    const { viewer, newestFirst } = await stored.reader(8)
    const other = await world.account()
    await world.follow(viewer, other)
    const theirs = [await world.publish(other), await world.publish(other)]
    await stored.read(viewer)
    await world.remove(newestFirst[3]!)
    await world.unfollow(viewer, other)
    expect(await stored.rowsOf(viewer)).toHaveLength(10)

    const before = await collected()
    expect(await sweep.sweepRows()).toBe(theirs.length + 1)
    expect((await collected()) - before).toBe(theirs.length + 1)
    expect(await stored.rowsOf(viewer)).toEqual(newestFirst.filter((id) => id !== newestFirst[3]))
    expect(await stateOf(viewer)).toMatchObject({ collected: true })
    expect(await sweep.sweepRows()).toBe(0)
  })

  it('sweeps long feeds in short transactions, again if the epoch moved', async () => {
    const { viewer, author, newestFirst } = await stored.reader(9)
    const [gone] = newestFirst
    await world.unfollow(viewer, author)
    const batch = (after?: Parameters<typeof sweepBatch>[2]) =>
      world.db.transaction((tx) => sweepBatch(tx, viewer, after, 4))
    const first = await batch()
    expect(first).toMatchObject({ deleted: 4 })
    await world.follow(viewer, author)
    const second = await batch(first.next)
    expect(second).toMatchObject({ deleted: 0 })
    expect(await batch(second.next)).toEqual({ deleted: 0, next: undefined })
    expect(await stateOf(viewer)).toMatchObject({ collected: false })
    expect(await stored.read(viewer)).toEqual(newestFirst)
    expect(await stored.rowsOf(viewer)).toContain(gone)
  })

  it('stops when told to and resumes the next time', async () => {
    const { viewer, author } = await stored.reader(8)
    await world.unfollow(viewer, author)
    await expect(sweep.sweepRows(AbortSignal.abort())).rejects.toThrow()
    expect(await stored.rowsOf(viewer)).toHaveLength(8)
    expect(await sweep.sweepRows()).toBe(8)
  })
})

describe('unenrolment', () => {
  it('removes head and rows after 30 days without a read', async () => {
    const { viewer, author } = await stored.reader(6)
    const other = await world.account()
    await world.follow(other, author)
    await stored.read(other)
    await stored.lastRead(viewer, UNENROL_DAYS + 1)
    await stored.lastRead(other, UNENROL_DAYS - 1)
    const before = await unenrolled()
    expect(await sweep.unenrolInactive()).toBe(1)
    expect((await unenrolled()) - before).toBe(1)
    expect(await stateOf(viewer)).toMatchObject({ enrolled: false, claimed: false })
    expect(await stateOf(other)).toMatchObject({ enrolled: true })
    expect([await stored.hasHead(viewer), await stored.hasHead(other)]).toEqual([false, true])
    await sweep.sweepRows()
    expect(await stored.rowsOf(viewer)).toEqual([])

    const { photoId } = await world.publish(author)
    expect(await stored.rowsOf(viewer)).toEqual([])
    expect(await stored.rowsOf(other)).toContain(photoId)
    expect(await stored.read(viewer)).toEqual(await world.expected(viewer))
    expect(await stateOf(viewer)).toMatchObject({ enrolled: true, days: 0 })
    expect(await stored.read(viewer)).toEqual(await world.expected(viewer))
  })

  it('spares active readers: a warm read is recorded once a day', async () => {
    const { viewer } = await stored.reader(2)
    await stored.lastRead(viewer, 29)
    await world.settle()
    await world.tiers()
    await stored.read(viewer)
    expect(await world.tiers()).toEqual(['head'])
    expect(await stateOf(viewer)).toMatchObject({ days: 0 })
    const stamp = () =>
      world.db.primary({ text: 'SELECT xmin FROM feed_state WHERE user_id = $1', values: [viewer] })
    const once = await stamp()
    await stored.read(viewer)
    expect(await stamp()).toEqual(once)
  })

  it('spares a reader who is being recorded at that moment', async () => {
    const { viewer } = await stored.reader(2)
    await stored.lastRead(viewer, UNENROL_DAYS + 1)
    await world.db.transaction(async (tx) => {
      await recordRead(tx.query, viewer)
      expect(await sweep.unenrolInactive()).toBe(0)
    })
    expect(await sweep.unenrolInactive()).toBe(0)
    expect(await stateOf(viewer)).toMatchObject({ enrolled: true })
  })

  it('voids a warm head at once, even one that survives it', async () => {
    const { viewer, author } = await stored.reader(3)
    await stored.lastRead(viewer, UNENROL_DAYS + 1)
    expect(await withoutRedis.unenrolInactive()).toBe(1)
    expect(await stored.hasHead(viewer)).toBe(true)
    const passedOver = await world.photo(author)
    await world.distribute(passedOver.photoId)
    expect(await stored.rowsOf(viewer)).not.toContain(passedOver.photoId)
    await world.settle()
    expect((await world.walk(viewer, 3))[0]).toBe(passedOver.photoId)
  })
})

describe('unenrolment of a reader who returns', () => {
  it('serves a reader who is building; their next read enrols', async () => {
    const { viewer, author } = await stored.reader(4)
    await world.flushHead(viewer)
    const feed = world.feedWith({
      ...world.heads,
      async beginBuild(...args) {
        const build = await world.heads.beginBuild(...args)
        await stored.lastRead(viewer, UNENROL_DAYS + 1)
        expect(await sweep.unenrolInactive()).toBe(1)
        return build
      },
    })
    expect(await world.walk(viewer, 100, feed)).toEqual(await world.expected(viewer))
    await feed.idle()
    expect(await stored.hasHead(viewer)).toBe(false)
    const { photoId } = await world.publish(author)
    expect((await stored.read(viewer))[0]).toBe(photoId)
    expect(await stateOf(viewer)).toMatchObject({ enrolled: true })
  })

  it('leaves a void head when it falls between snapshot and end', async () => {
    const { viewer, author } = await stored.reader(4)
    await world.flushHead(viewer)
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await stored.lastRead(viewer, UNENROL_DAYS + 1)
        expect(await withoutRedis.unenrolInactive()).toBe(1)
        return world.heads.finishBuild(...args)
      },
    })
    await world.walk(viewer, 100, feed)
    await feed.idle()
    expect(await stored.hasHead(viewer)).toBe(true)
    const { photoId } = await world.publish(author)
    await world.settle()
    expect((await world.walk(viewer, 100))[0]).toBe(photoId)
  })

  it('keeps what a returning reader stores during the deletion', async () => {
    const { viewer, newestFirst } = await stored.reader(10)
    await stored.lastRead(viewer, UNENROL_DAYS + 1)
    await sweep.unenrolInactive()
    const batch = (after?: Parameters<typeof sweepBatch>[2]) =>
      world.db.transaction((tx) => sweepBatch(tx, viewer, after, 4))
    const first = await batch()
    expect(first.deleted).toBe(4)
    expect(await stored.read(viewer)).toEqual(newestFirst)
    expect(await stateOf(viewer)).toMatchObject({ enrolled: true, claimed: true })
    for (let after = first.next; after; after = (await batch(after)).next);
    expect(await stored.rowsOf(viewer)).toEqual(newestFirst)
    expect(await stored.read(viewer)).toEqual(newestFirst)
  })
})
