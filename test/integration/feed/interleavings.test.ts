import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FANOUT_START } from '../../../src/contracts/photo-fanout.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { createFanout } from '../../../src/services/distribution/push.ts'
import { createFeedSweep, type FeedSweep } from '../../../src/services/feed/sweep.ts'
import { openWorld, type World } from '../../support/worlds/feed-world.ts'
import { storedFeedsOf, type StoredFeeds } from '../../support/worlds/stored-feeds.ts'

const UNENROL_DAYS = 30

let world: World
let stored: StoredFeeds
let sweep: FeedSweep
beforeAll(async () => {
  world = await openWorld({ headItems: 5, rows: 50, minFollowing: 0 })
  stored = storedFeedsOf(world)
  sweep = createFeedSweep({
    db: world.db,
    redis: world.redis,
    unenrolDays: UNENROL_DAYS,
    logger: pino({ level: 'silent' }),
  })
})
beforeEach(async () => {
  await world.db.primary({ text: 'UPDATE feed_state SET collected_epoch = epoch, last_read_at = now()' })
})
afterAll(() => world.close())

describe('publishing while a follower changes', () => {
  /** The photo's push, with something done once its page has been read and before it reaches heads. */
  async function pushWith(photoId: PhotoId, afterPageRead: () => Promise<void>): Promise<void> {
    const fanout = createFanout({
      db: world.db,
      heads: {
        ...world.heads,
        async push(...args) {
          await afterPageRead()
          return world.heads.push(...args)
        },
      },
    })
    const plan = await fanout.planFanout(photoId)
    if (plan.desired !== 'push') throw new Error('nothing to push')
    await fanout.pushSlice({ photoId, plan, after: FANOUT_START }, { maxFollowers: 500, maxMs: 5_000 })
  }

  it('includes a follower who followed before the batch was read', async () => {
    const author = await world.account()
    const viewer = await world.account()
    await stored.read(viewer)
    const { photoId } = await world.photo(author)
    await world.follow(viewer, author)
    await pushWith(photoId, async () => {})
    expect(await stored.rowsOf(viewer)).toEqual([photoId])
    expect(await stored.read(viewer)).toEqual([photoId])
  })

  it('misses a follower who follows later; their rebuild includes it', async () => {
    const { author } = await stored.reader(1)
    const viewer = await world.account()
    await stored.read(viewer)
    expect(await stored.hasHead(viewer)).toBe(true)
    const { photoId } = await world.photo(author)
    await pushWith(photoId, () => world.follow(viewer, author))
    expect(await stored.rowsOf(viewer)).toEqual([])
    await world.settle()
    expect(await world.walk(viewer, 1)).toEqual(await world.expected(viewer))
    expect(await world.expected(viewer)).toContain(photoId)
  })

  it('skips a cold head, and the rebuild that follows finds the photo', async () => {
    const { viewer, author, newestFirst } = await stored.reader(3)
    await world.flushHead(viewer)
    const { photoId } = await world.publish(author)
    expect(await stored.hasHead(viewer)).toBe(false)
    expect(await stored.read(viewer)).toEqual([photoId, ...newestFirst])
    expect(await stored.hasHead(viewer)).toBe(true)
    await world.tiers()
    expect((await world.walk(viewer, 2))[0]).toBe(photoId)
    const tiers = await world.tiers()
    expect(tiers).toContain('head')
    expect(tiers).not.toContain('rebuilt')
  })

  it('safely skips a follower who is unenrolled after the batch was read', async () => {
    const { viewer, author, newestFirst } = await stored.reader(3)
    const { photoId } = await world.photo(author)
    await pushWith(photoId, async () => {
      await stored.lastRead(viewer, UNENROL_DAYS + 1)
      expect(await sweep.unenrolInactive()).toBe(1)
    })
    await sweep.sweepRows()
    expect(await stored.rowsOf(viewer)).toEqual([])
    expect(await stored.read(viewer)).toEqual([photoId, ...newestFirst])
    expect(await stored.read(viewer)).toEqual([photoId, ...newestFirst])
  })
})

describe('a stalled builder', () => {
  it('leaves a newer head alone, and its own reader is served correctly', async () => {
    const { viewer, author } = await stored.reader(3)
    const other = await world.account()
    const theirs = await world.photo(other)
    await world.flushHead(viewer)
    const stalled = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        // As long as the sentinel lives; then another builds, under a newer epoch.
        await world.flushHead(viewer)
        await world.follow(viewer, other)
        await stored.read(viewer)
        return world.heads.finishBuild(...args)
      },
    })
    await world.settle()
    await world.walk(viewer, 100, stalled)
    await stalled.idle()
    const slice = await world.heads.readSlice(viewer, undefined, 1)
    expect(slice!.items[0]!.photoId).toBe(theirs.photoId)
    const { photoId } = await world.publish(author)
    expect(await stored.read(viewer)).toEqual([photoId, ...(await world.expected(viewer)).slice(1)])
  })
})
