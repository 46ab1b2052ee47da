import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Query } from '../../../src/infra/db/database.ts'
import { sweepBatch } from '../../../src/services/feed/sweep-rows.ts'
import { materialise, readRows } from '../../../src/services/feed/rows.ts'
import { EDIT_WAITS } from '../../support/factories/photos.ts'
import { lockAwaited, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { feedPageFor } from '../../support/list-read.ts'

const HEAD_ITEMS = 5
const ROWS = 12

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS, rows: ROWS, minFollowing: 0 })
})
afterAll(() => world.close())

const stateOf = async (userId: UserId) =>
  (
    await world.db.primary<{ claimed: boolean; rows_from: string | null }>({
      text: 'SELECT coalesce(rows_epoch = epoch, false) AS claimed, rows_from FROM feed_state WHERE user_id = $1',
      values: [userId],
    })
  )[0]!

const holdsRow = async (userId: UserId, photoId: PhotoId) =>
  (
    await world.db.primary({
      text: 'SELECT FROM feed_items WHERE user_id = $1 AND photo_id = $2',
      values: [userId, photoId],
    })
  ).length === 1

/** A viewer whose head is warm and whose rows are stored by a first deep read. */
async function deepViewer(photos: number) {
  const one = await viewerOfMany(world, photos)
  await world.walk(one.viewer, 3)
  await world.feed.idle()
  await world.settle()
  await world.tiers()
  return one
}

describe('a deep walk', () => {
  it('reaches the first photo through every tier, for every page size', async () => {
    const { viewer, newestFirst } = await deepViewer(30)
    expect(await stateOf(viewer)).toMatchObject({ claimed: true })
    for (const limit of [1, 2, 4, 5, 6, 11, 12, 13, 29, 30, 31, 100]) {
      await world.tiers()
      expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(newestFirst)
      expect(new Set(await world.tiers())).toEqual(new Set(['head', 'rows', 'pull']))
    }
  })

  it('ends in the rows when they hold everything', async () => {
    const { viewer, newestFirst } = await deepViewer(ROWS - 2)
    expect(await stateOf(viewer)).toEqual({ claimed: true, rows_from: '0' })
    expect(await world.walk(viewer, 4)).toEqual(newestFirst)
    expect(new Set(await world.tiers())).toEqual(new Set(['head', 'rows']))
  })

  it('keeps its cursors when a tier disappears midway', async () => {
    const { viewer, newestFirst } = await deepViewer(30)
    const losing = [
      () => world.flushHead(viewer),
      () =>
        world.db.primary({
          text: 'UPDATE feed_state SET rows_epoch = NULL WHERE user_id = $1',
          values: [viewer],
        }),
      () => world.feed.idle(),
    ]
    const seen: PhotoId[] = []
    for (let cursor: string | undefined, page = 0; ; page++) {
      const { items: cards, nextCursor } = await world.feed.readFeed(
        feedPageFor(world.db, viewer, { limit: 2, cursor }),
      )
      seen.push(...cards.map((card) => card.photoId))
      if (nextCursor === null) break
      cursor = nextCursor
      await losing[page % losing.length]!()
    }
    expect(seen).toEqual(newestFirst)
  })

  it('finds old photos that were widened below the floor', async () => {
    const { viewer, author } = await deepViewer(20)
    const old = await world.photo(author, { score: NOON_MS + 4, visibility: 'private' })
    await world.setVisibility(old.photoId, 'public')
    await world.distribute(old.photoId)
    await world.settle()
    expect(await holdsRow(viewer, old.photoId)).toBe(true)
    expect(await world.walk(viewer, 4)).toEqual(await world.expected(viewer))
    expect(await world.tiers()).toContain('rows')
  })

  it('loses nothing when pushes trim the head under a cursor', async () => {
    const { viewer, author, newestFirst } = await deepViewer(20)
    const first = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 3 }))
    for (let n = 0; n < HEAD_ITEMS + 2; n++) await world.publish(author)
    await world.settle()
    const slice = await world.heads.readSlice(viewer, undefined, 1)
    expect(slice!.floor).toBeGreaterThan(NOON_MS + 100)
    const rest: PhotoId[] = []
    for (let cursor = first.nextCursor; cursor !== null;) {
      const page = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 3, cursor }))
      rest.push(...page.items.map((card) => card.photoId))
      cursor = page.nextCursor
    }
    expect(rest).toEqual(newestFirst.slice(3))
  })
})

describe('a claim of rows', () => {
  it('is void after a follow or an unfollow until rows are stored again', async () => {
    const { viewer, author, newestFirst } = await deepViewer(10)
    const other = await world.account()
    const theirs = await world.photo(other, { score: NOON_MS - 5 })
    await world.follow(viewer, other)
    await world.settle()
    expect(await stateOf(viewer)).toMatchObject({ claimed: false })
    expect(await world.walk(viewer, 4)).toEqual([...newestFirst, theirs.photoId])
    await world.feed.idle()
    expect(await stateOf(viewer)).toMatchObject({ claimed: true })
    await world.unfollow(viewer, author)
    expect(await world.walk(viewer, 4)).toEqual([theirs.photoId])
  })

  it('is not made when a follow ends its epoch midway', async () => {
    const { viewer } = await viewerOfMany(world, 4)
    await world.walk(viewer, 2)
    await world.feed.idle()
    const other = await world.account()
    // The follow has bumped the epoch and not committed: the claim waits for it, then looks again.
    let claimed: Promise<boolean>
    await world.db.transaction(async (tx) => {
      await tx.query({
        text: 'INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)',
        values: [viewer, other],
      })
      await tx.query({ text: 'UPDATE feed_state SET epoch = epoch + 1 WHERE user_id = $1', values: [viewer] })
      claimed = materialise(world.db.primary, viewer, ROWS)
      await lockAwaited(world.db, '%newest_items%')
    })
    expect(await claimed!).toBe(false)
    expect(await stateOf(viewer)).toMatchObject({ claimed: false })
  })

  it('is not made for someone who is not enrolled', async () => {
    const { viewer } = await viewerOfMany(world, 3)
    expect(await materialise(world.db.primary, viewer, ROWS)).toBe(false)
  })

  it('stops above a score of which photos may be missing', async () => {
    const viewer = await world.account()
    for (let n = 0; n < 6; n++) await world.photo(viewer, { score: NOON_MS })
    await world.photo(viewer, { score: NOON_MS + 1 })
    await world.settle()
    await world.walk(viewer, 100)
    await world.feed.idle()
    await materialise(world.db.primary, viewer, 4)
    await world.settle()
    expect(await stateOf(viewer)).toEqual({ claimed: true, rows_from: String(NOON_MS + 1) })
    const { scan } = await readRows(world.db.replica, viewer, undefined, 100)
    expect(scan).toMatchObject({ candidates: [{ score: NOON_MS + 1 }], end: false })
    for (const limit of [1, 3, 10])
      expect(await world.walk(viewer, limit)).toEqual(await world.expected(viewer))
  })
})

/** A collection of a user's rows, with something done between two of its statements. */
async function collecting(userId: UserId, afterStatement: (text: string) => unknown) {
  return world.db.transaction((tx) => {
    const query: Query = async (statement) => {
      const rows = await tx.query(statement)
      await afterStatement(statement.text)
      return rows as never
    }
    return sweepBatch({ ...tx, query }, userId, undefined)
  })
}

describe('a photo widened while its row is being collected', () => {
  async function narrowed() {
    const { viewer, author } = await deepViewer(8)
    const { photoId } = await world.publish(author, { score: NOON_MS + 1 })
    // Narrowed and not collected by its own workflow: the row is a ghost.
    await world.setVisibility(photoId, 'private')
    expect(await holdsRow(viewer, photoId)).toBe(true)
    const widen = async () => {
      await world.setVisibility(photoId, 'public')
      await world.distribute(photoId)
    }
    return { viewer, photoId, widen }
  }

  it('keeps its row if the widening precedes the collector’s lock', async () => {
    const { viewer, photoId, widen } = await narrowed()
    let done = false
    await collecting(viewer, async (text) => {
      if (done || !text.includes('LEFT JOIN photos')) return
      done = true
      await widen()
    })
    expect(done).toBe(true)
    expect(await holdsRow(viewer, photoId)).toBe(true)
    await world.settle()
    expect(await world.walk(viewer, 3)).toEqual(await world.expected(viewer))
  })

  it('gets a new row if the widening follows the collector’s lock', async () => {
    const { viewer, photoId, widen } = await narrowed()
    let widened: Promise<void> | undefined
    await collecting(viewer, async (text) => {
      if (widened || !text.includes('FOR SHARE')) return
      widened = widen()
      await lockAwaited(world.db, EDIT_WAITS)
    })
    await widened
    expect(await holdsRow(viewer, photoId)).toBe(true)
    await world.settle()
    expect(await world.walk(viewer, 3)).toEqual(await world.expected(viewer))
  })
})

describe('an author followed again while their rows are being collected', () => {
  it('waits for the collection, and the rows are stored again', async () => {
    const { viewer, author } = await deepViewer(8)
    await world.unfollow(viewer, author)
    let followed: Promise<void> | undefined
    const { deleted } = await collecting(viewer, async (text) => {
      if (followed || !text.includes('LEFT JOIN photos')) return
      followed = world.follow(viewer, author)
      await lockAwaited(world.db, 'INSERT INTO feed_state%')
    })
    await followed
    expect(deleted).toBeGreaterThan(0)
    await world.settle()
    const expected = await world.expected(viewer)
    for (let n = 0; n < 2; n++) {
      expect(await world.walk(viewer, 3)).toEqual(expected)
      await world.feed.idle()
      await world.settle()
    }
    expect(await stateOf(viewer)).toMatchObject({ claimed: true })
  })
})
