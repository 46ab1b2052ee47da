import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FeedPosition } from '../../../src/domain/feed-page.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { createInFlightCopy } from '../../../src/services/feed/in-flight-copy.ts'
import { measured } from '../../support/metrics.ts'
import { idsOf, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { clearInFlight, markInFlight } from '../../../src/services/distribution/in-flight-marks.ts'
import { feedPageFor } from '../../support/list-read.ts'

const HEAD_ITEMS = 10

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS })
})
beforeEach(async () => {
  await world.db.primary({ text: 'DELETE FROM in_flight' })
  await world.inFlight.refresh()
})
afterAll(() => world.close())

/** Publishes as a celebrity does; nothing is pushed yet. */
async function launch(ownerId: UserId, options?: { score?: number }): Promise<FeedPosition> {
  const photo = await world.photo(ownerId, options)
  await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId }, 0))
  await world.settle()
  await world.inFlight.refresh()
  return photo
}

/** As the fanout does when it is through. */
async function land({ photoId }: FeedPosition, version = 1): Promise<void> {
  await clearInFlight(world.db.primary, photoId, version)
  await world.inFlight.refresh()
}

/** A viewer whose head is warm. */
async function warmViewer(photos: number) {
  const one = await viewerOfMany(world, photos)
  await world.walk(one.viewer, 100)
  await world.feed.idle()
  await world.tiers()
  return one
}

describe('a photo in flight', () => {
  it('is in the feed once, before, during and after its push', async () => {
    const { viewer, author, newestFirst } = await warmViewer(15)
    const fresh = await launch(author)
    const expected = [fresh.photoId, ...newestFirst]
    const walks = async () => {
      for (const limit of [1, 2, 7, 9, 10, 11, 15, 16, 100]) {
        expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(expected)
      }
    }
    await walks()
    await world.distribute(fresh.photoId)
    await world.settle()
    await walks()
    await land(fresh)
    await walks()
    expect(await world.tiers()).not.toContain('rebuilt')
  })

  it('has its place by score in the head, below it and at the end', async () => {
    const { viewer, author } = await warmViewer(24)
    for (const score of [NOON_MS + 11, NOON_MS + 10, NOON_MS + 2, NOON_MS - 1])
      await launch(author, { score })
    const expected = await world.expected(viewer)
    for (const limit of [1, 3, 9, 13, 100]) expect(await world.walk(viewer, limit)).toEqual(expected)
  })

  it('reaches its author too, but nobody who does not follow them', async () => {
    const { viewer, author, newestFirst } = await warmViewer(3)
    const stranger = await world.account()
    await launch(stranger)
    const mine = await launch(viewer)
    const theirs = await launch(author)
    expect(await world.walk(viewer, 1)).toEqual([theirs.photoId, mine.photoId, ...newestFirst])
    expect(await world.walk(stranger, 5)).toHaveLength(1)
  })

  it('is not lost when its push ends between the copy and the head', async () => {
    const { viewer, author, newestFirst } = await warmViewer(4)
    const fresh = await launch(author)
    let landed = false
    const feed = world.feedWith({
      ...world.heads,
      async readSlice(...args) {
        const slice = await world.heads.readSlice(...args)
        if (!landed) {
          landed = true
          await world.distribute(fresh.photoId)
          await world.settle()
          await land(fresh)
        }
        return slice
      },
    })
    const page = await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 }))
    expect(landed).toBe(true)
    expect(idsOf(page)).toEqual([fresh.photoId, ...newestFirst])
    expect(await world.tiers()).toContain('head')
  })

  it('is hidden once narrowed, and read on the primary by its writer', async () => {
    const { viewer, author, newestFirst } = await warmViewer(3)
    const fresh = await launch(author)
    const page = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 2, readYourWrites: true }))
    expect(idsOf(page)).toEqual([fresh.photoId, newestFirst[0]])
    await world.setVisibility(fresh.photoId, 'private')
    expect(await world.walk(viewer, 2)).toEqual(newestFirst)
  })

  it('does not disturb pages when many others are in flight', async () => {
    const { viewer, author, newestFirst } = await warmViewer(20)
    const strangers = await Promise.all(Array.from({ length: 3 }, () => world.account()))
    for (let n = 0; n < 150; n++) {
      const ownerId = strangers[n % 3]!
      const photo = await world.photo(ownerId, { score: NOON_MS + (n % 12) })
      await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId }, 0))
    }
    const ours = [await launch(author, { score: NOON_MS + 5 }), await launch(author)]
    const expected = await world.expected(viewer)
    expect(expected).toHaveLength(newestFirst.length + ours.length)
    for (const limit of [1, 2, 6, 21, 22, 100]) {
      const startedAt = performance.now()
      expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(expected)
      expect(performance.now() - startedAt).toBeLessThan(10_000)
    }
    // A page is as full as without them.
    expect((await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 6 }))).items).toHaveLength(6)
  })

  it('is served in order when a viewer has more than fill a page', async () => {
    const { viewer, author } = await warmViewer(4)
    for (let n = 0; n < 120; n++) {
      const photo = await world.photo(author, { score: NOON_MS + 100 + Math.floor(n / 3) })
      await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId: author }, 0))
    }
    await world.settle()
    await world.inFlight.refresh()
    const expected = await world.expected(viewer)
    for (const limit of [1, 7, 40, 100]) expect(await world.walk(viewer, limit)).toEqual(expected)
  })

  it('leaves later pages whole when many are narrowed in flight', async () => {
    const { viewer, author, newestFirst } = await warmViewer(15)
    const stranger = await world.account()
    const launched: FeedPosition[] = []
    for (let n = 0; n < 121; n++) {
      const ownerId = n < 100 ? stranger : author
      const photo = await world.photo(ownerId)
      await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId }, 0))
      if (ownerId === author) launched.push(photo)
    }
    await world.settle()
    await world.inFlight.refresh()
    // They are looked up, narrowed, and then their cards are loaded.
    const hide = async () => {
      for (const { photoId } of launched.slice(1).reverse()) await world.setVisibility(photoId, 'private')
      await world.settle()
    }
    let hidden: Promise<void> | undefined
    const replica: typeof world.db.replica = async (statement) => {
      const rows = await world.db.replica(statement)
      if (statement.name === 'feed-in-flight-of-circle') await (hidden ??= hide())
      return rows as never
    }
    const db = { ...world.db, replica }
    const feed = world.feedWith(world.heads, { db })
    const expected = [launched[0]!.photoId, ...newestFirst]
    expect(await world.walk(viewer, 7, feed, db)).toEqual(expected)
    expect(hidden).toBeDefined()
    for (const limit of [1, 2, 20])
      expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(expected)
  })

  it('is pulled by a process whose copy is missing or stale', async () => {
    const { viewer, author, newestFirst } = await warmViewer(3)
    let isSilent = false
    const primary: typeof world.db.primary = (...args) =>
      isSilent ? new Promise(() => undefined) : world.db.primary(...args)
    const copy = createInFlightCopy({
      db: { primary },
      logger: pino({ level: 'silent' }),
      pollMs: 10,
      maxAgeMs: 100,
    })
    const feed = world.feedWith(world.heads, { inFlight: copy })
    expect(await world.walk(viewer, 5, feed)).toEqual(newestFirst)
    expect(await world.tiers()).toEqual(['pull'])
    copy.start()
    try {
      await expect.poll(() => copy.photos()).toEqual([])
      expect(await world.walk(viewer, 5, feed)).toEqual(newestFirst)
      expect(await world.tiers()).toEqual(['head'])
      isSilent = true
      const photo = await world.photo(author)
      await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId: author }, 0))
      await world.settle()
      await expect.poll(() => copy.photos()).toBeUndefined()
      expect(await world.walk(viewer, 5, feed)).toEqual([photo.photoId, ...newestFirst])
      expect(await world.tiers()).toEqual(['pull'])
    } finally {
      copy.stop()
    }
  })

  it('reaches a process that polls within a second', async () => {
    const { viewer, author, newestFirst } = await warmViewer(2)
    const seconds = () => measured('darkroom_fanout_visible_seconds_sum', { by: 'merge' })
    const arrivals = () => measured('darkroom_fanout_visible_seconds_count', { by: 'merge' })
    const [secondsBefore, arrivalsBefore] = [await seconds(), await arrivals()]
    const copy = createInFlightCopy({
      db: world.db,
      logger: pino({ level: 'silent' }),
    })
    await copy.refresh()
    copy.start()
    try {
      const feed = world.feedWith(world.heads, { inFlight: copy })
      const photo = await world.photo(author)
      await world.db.transaction((tx) => markInFlight(tx, { ...photo, ownerId: author }, 0))
      const startedAt = performance.now()
      let seen: PhotoId[] = []
      while (seen[0] !== photo.photoId && performance.now() - startedAt < 5_000) {
        seen = await world.walk(viewer, 5, feed)
      }
      expect(seen).toEqual([photo.photoId, ...newestFirst])
      expect(performance.now() - startedAt).toBeLessThan(1_000)
      expect((await arrivals()) - arrivalsBefore).toBe(1)
      expect((await seconds()) - secondsBefore).toBeCloseTo(0.5, 0)
    } finally {
      copy.stop()
    }
  })
})

describe('the mark of a photo in flight', () => {
  const isMarked = async (photoId: PhotoId) =>
    (await world.db.primary({ text: 'SELECT FROM in_flight WHERE photo_id = $1', values: [photoId] }))
      .length === 1

  it('is made once an author reaches the threshold of followers', async () => {
    const ownerId = await world.account()
    await world.db.primary({
      text: 'INSERT INTO user_counters (user_id, slot, followers) VALUES ($1, 0, 2), ($1, 5, 3)',
      values: [ownerId],
    })
    const photo = { photoId: uuid(), score: 1, ownerId }
    await world.db.transaction((tx) => markInFlight(tx, photo, 6))
    expect(await isMarked(photo.photoId)).toBe(false)
    await world.db.transaction((tx) => markInFlight(tx, photo, 5))
    await world.db.transaction((tx) => markInFlight(tx, photo, 5))
    expect(await isMarked(photo.photoId)).toBe(true)
  })

  it('survives the end of a push that a change has overtaken', async () => {
    const owner = await world.account()
    const { photoId } = await launch(owner)
    await world.setVisibility(photoId, 'followers')
    await clearInFlight(world.db.primary, photoId, 1)
    await clearInFlight(world.db.primary, photoId, 'left feeds')
    expect(await isMarked(photoId)).toBe(true)
    await clearInFlight(world.db.primary, photoId, 2)
    expect(await isMarked(photoId)).toBe(false)
  })

  it('disappears when the photo has left feeds', async () => {
    const { photoId } = await launch(await world.account())
    await world.remove(photoId)
    await clearInFlight(world.db.primary, photoId, 'left feeds')
    expect(await isMarked(photoId)).toBe(false)
  })
})
