import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from 'pg'
import { v7 as uuid } from 'uuid'
import { encodeCursor } from '../../src/domain/cursor.ts'
import type { PhotoId, UserId } from '../../src/domain/ids.ts'
import type { Database } from '../../src/infra/db/database.ts'
import { openRedis } from '../../src/infra/redis/client.ts'
import { createFeedHeads, headKey } from '../../src/infra/redis/feed-heads.ts'
import { CURSOR_SECRET, openWorld, type World } from './feed-world.ts'

const HEAD_ITEMS = 10
/** A moment in 2026; scores of these tests lie around it. */
const NOON_MS = 1_790_000_000_000

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS })
})
afterAll(() => world.close())

/** A viewer who follows an author of `count` photos, two of each score, so that every other neighbour is a tie. */
async function viewerOfMany(
  count: number,
): Promise<{ viewer: UserId; author: UserId; newestFirst: PhotoId[] }> {
  const viewer = await world.account()
  const author = await world.account()
  await world.follow(viewer, author)
  for (let n = 0; n < count; n++) await world.photo(author, { score: NOON_MS + Math.floor(n / 2) })
  await world.settle()
  return { viewer, author, newestFirst: await world.expected(viewer) }
}

const idsOf = (page: { cards: { photoId: PhotoId }[] }) => page.cards.map((card) => card.photoId)

describe('order and pages', () => {
  it('are newest first, ties by id, the same for every page size and from every tier', async () => {
    const { viewer, newestFirst } = await viewerOfMany(25)
    for (const limit of [1, 2, 3, 7, 9, 10, 11, 12, 24, 25, 26, 100]) {
      expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(newestFirst)
    }
    expect(world.tiers()).toContain('head')
  })

  it('hold photos of equal score apart by the bytes of their ids', async () => {
    const viewer = await world.account()
    const ids = Array.from({ length: 8 }, () => uuid()).toSorted()
    for (const photoId of ids.toReversed()) await world.photo(viewer, { score: NOON_MS, photoId })
    await world.settle()
    expect(await world.walk(viewer, 3)).toEqual(ids.toReversed())
    expect(await world.walk(viewer, 3)).toEqual(ids.toReversed())
  })

  it('survive a head that is all one score, longer than the head', async () => {
    const viewer = await world.account()
    for (let n = 0; n < HEAD_ITEMS + 5; n++) await world.photo(viewer, { score: NOON_MS })
    await world.settle()
    expect(await world.walk(viewer, 4)).toEqual(await world.expected(viewer))
    expect(await world.walk(viewer, 4)).toEqual(await world.expected(viewer))
  })

  it('are one empty page for who follows nobody', async () => {
    const viewer = await world.account()
    await world.settle()
    expect(await world.feed.readFeed({ userId: viewer }, { limit: 20 })).toEqual({
      cards: [],
      nextCursor: null,
    })
    expect(await world.feed.readFeed({ userId: viewer }, { limit: 20 })).toEqual({
      cards: [],
      nextCursor: null,
    })
    expect(world.tiers()).toContain('head')
  })

  it('end with null on a page that is exactly full', async () => {
    const { viewer } = await viewerOfMany(6)
    const page = await world.feed.readFeed({ userId: viewer }, { limit: 6 })
    expect(page.cards).toHaveLength(6)
    expect(page.nextCursor).toBeNull()
  })

  it('do not shift a cursor when photos are added above it or deleted around it', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(8)
    const first = await world.feed.readFeed({ userId: viewer }, { limit: 3 })
    await world.publish(author)
    await world.remove(newestFirst[2]!)
    await world.remove(newestFirst[3]!)
    const second = await world.feed.readFeed({ userId: viewer }, { limit: 3, cursor: first.nextCursor! })
    expect(idsOf(second)).toEqual(newestFirst.slice(4, 7))
  })

  it('are topped up when most is hidden, at most ten times the limit, then short with a cursor', async () => {
    const feed = world.feedWith(createFeedHeads(world.redis))
    const { viewer, newestFirst } = await viewerOfMany(40)
    await world.walk(viewer, 100, feed)
    // All still in the head: the newest three, then 33 that are gone, then four.
    const left = [...newestFirst.slice(0, 3), ...newestFirst.slice(36)]
    for (const photoId of newestFirst.slice(3, 36)) await world.remove(photoId)
    const pages: PhotoId[][] = []
    let cursor: string | undefined
    do {
      const page = await feed.readFeed({ userId: viewer }, { limit: 2, cursor })
      pages.push(idsOf(page))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(pages.flat()).toEqual(left)
    // Twenty scanned fill no page; on a slow machine 300 ms may cut others short too.
    expect(pages.slice(0, -1).some((page) => page.length < 2)).toBe(true)
  })
})

describe('a head', () => {
  it('is built by the first read, serves the next, and takes what is pushed', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(4)
    world.tiers()
    await world.walk(viewer, 100)
    expect(world.tiers()).not.toContain('head')
    await world.feed.idle()
    await world.walk(viewer, 100)
    const fresh = await world.publish(author)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([fresh.photoId, ...newestFirst])
    expect(world.tiers()).toEqual(['head', 'head'])
  })

  it('is void after a follow and after an unfollow, without any push', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(4)
    const other = await world.account()
    const theirs = await world.photo(other)
    await world.walk(viewer, 100)
    await world.follow(viewer, other)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId, ...newestFirst])
    await world.unfollow(viewer, author)
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId])
  })

  it('that was trimmed hands over to pull at its floor, without gap or repeat', async () => {
    const { viewer, author } = await viewerOfMany(HEAD_ITEMS)
    await world.walk(viewer, 100)
    for (let n = 0; n < 7; n++) await world.publish(author, { score: NOON_MS + 1_000 + Math.floor(n / 2) })
    await world.settle()
    const slice = await world.heads.readSlice(viewer, undefined, 100)
    expect(slice!.floor).toBeGreaterThan(0)
    expect(slice!.items.length).toBeLessThanOrEqual(HEAD_ITEMS)
    const expected = await world.expected(viewer)
    world.tiers()
    for (const limit of [1, 4, 9, 10, 11, 17]) expect(await world.walk(viewer, limit)).toEqual(expected)
    expect(new Set(world.tiers())).toEqual(new Set(['head']))
  })

  it('that was lost is built again', async () => {
    const { viewer, newestFirst } = await viewerOfMany(3)
    await world.walk(viewer, 100)
    await world.flushHead(viewer)
    world.tiers()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
    expect(world.tiers()).not.toContain('head')
  })

  it('that another server wrote reads as cold', async () => {
    const { viewer, newestFirst } = await viewerOfMany(3)
    await world.walk(viewer, 100)
    // What a replica promoted too early would hold: a photo less, under the old master's replication id.
    const key = headKey(viewer)
    const [sentinel] = await world.redis.zrangeBuffer(key, 0, '0')
    const forged = Buffer.concat([sentinel!.subarray(0, -32), Buffer.from('0'.repeat(32))])
    await world.redis.zremrangebyrank(key, -1, -1)
    await world.redis.zrem(key, sentinel!)
    await world.redis.zadd(key, '-1', forged)
    world.tiers()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
    expect(world.tiers()).not.toContain('head')
  })

  it('holds a photo that is published between its snapshot and its end', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(3)
    let fresh: PhotoId | undefined
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        fresh ??= (await world.publish(author)).photoId
        return world.heads.finishBuild(...args)
      },
    })
    await feed.readFeed({ userId: viewer }, { limit: 100 })
    await feed.idle()
    await world.settle()
    expect(fresh).toBeDefined()
    const slice = await world.heads.readSlice(viewer, undefined, 100)
    expect(slice!.items.map((item) => item.photoId)).toEqual([fresh, ...newestFirst])
  })

  it('does not become warm under an epoch that a follow has ended meanwhile', async () => {
    const { viewer, newestFirst } = await viewerOfMany(3)
    const other = await world.account()
    const theirs = await world.photo(other)
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await world.follow(viewer, other)
        return world.heads.finishBuild(...args)
      },
    })
    await feed.readFeed({ userId: viewer }, { limit: 100 })
    await feed.idle()
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId, ...newestFirst])
  })

  it('is built from the primary while the replica is behind', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(3)
    await world.walk(viewer, 100)
    await world.settle()
    await world.flushHead(viewer)
    // A snapshot that does not move on is a replica that has stopped replaying.
    const behind = new Client({ connectionString: process.env.DATABASE_REPLICA_URL! })
    await behind.connect()
    try {
      await behind.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      await behind.query('SELECT count(*) FROM photos')
      const fresh = await world.publish(author)
      const db: Database = {
        ...world.db,
        replica: async ({ text, values }) => (await behind.query(text, [...(values ?? [])])).rows,
        rotation: { ...world.db.rotation, waitForReplay: async () => false },
      }
      const feed = world.feedWith(world.heads, { db })
      expect(idsOf(await feed.readFeed({ userId: viewer }, { limit: 100 }))).toEqual(newestFirst)
      await feed.idle()
      await world.settle()
      world.tiers()
      expect(await world.walk(viewer, 100)).toEqual([fresh.photoId, ...newestFirst])
      expect(world.tiers()).toEqual(['head'])
    } finally {
      await behind.end()
    }
  })

  it('is built once, however many read at once', async () => {
    const { viewer, newestFirst } = await viewerOfMany(12)
    let begun = 0
    const counting = {
      ...world.heads,
      async beginBuild(...args: Parameters<typeof world.heads.beginBuild>) {
        const build = await world.heads.beginBuild(...args)
        if (typeof build === 'object') begun++
        return build
      },
    }
    const processes = [world.feedWith(counting), world.feedWith(counting)]
    const walks = Array.from({ length: 12 }, (_, n) => world.walk(viewer, 5, processes[n % 2]))
    for (const ids of await Promise.all(walks)) expect(ids).toEqual(newestFirst)
    expect(begun).toBe(1)
    await Promise.all(processes.map((feed) => feed.idle()))
  })

  it('whose builder lost its place stays cold, and the read is right all the same', async () => {
    const { viewer, newestFirst } = await viewerOfMany(3)
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await world.flushHead(viewer)
        await world.heads.beginBuild(viewer, 0)
        return world.heads.finishBuild(...args)
      },
    })
    expect(idsOf(await feed.readFeed({ userId: viewer }, { limit: 100 }))).toEqual(newestFirst)
    await feed.idle()
    expect(await world.heads.readSlice(viewer, undefined, 100)).toBeUndefined()
  })

  it('that is slow to build does not hold up the read', async () => {
    const { viewer, newestFirst } = await viewerOfMany(3)
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await gate
        return world.heads.finishBuild(...args)
      },
    })
    expect(idsOf(await feed.readFeed({ userId: viewer }, { limit: 100 }))).toEqual(newestFirst)
    release()
    await feed.idle()
    expect(await world.heads.readSlice(viewer, undefined, 100)).toBeDefined()
  })

  it('that cannot be reached is done without', async () => {
    const { viewer, newestFirst } = await viewerOfMany(HEAD_ITEMS + 2)
    const nowhere = openRedis('redis://127.0.0.1:1')
    try {
      const feed = world.feedWith(createFeedHeads(nowhere))
      world.tiers()
      expect(await world.walk(viewer, 5, feed)).toEqual(newestFirst)
      expect(new Set(world.tiers())).toEqual(new Set(['pull']))
      await expect(createFeedHeads(nowhere).push([viewer], { photoId: uuid(), score: 1 })).rejects.toThrow()
    } finally {
      nowhere.disconnect()
    }
  })
})

describe('enrolment', () => {
  const stateOf = async (userId: UserId) =>
    (
      await world.db.primary({
        text: 'SELECT epoch, enrolled FROM feed_state WHERE user_id = $1',
        values: [userId],
      })
    )[0]

  it('comes with the first read, voids what was known before, and is once', async () => {
    const viewer = await world.account()
    expect(await stateOf(viewer)).toBeUndefined()
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: true })
    await world.flushHead(viewer)
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: true })
  })

  it('keeps the epoch of follows that came before it', async () => {
    const viewer = await world.account()
    await world.follow(viewer, await world.account())
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: false })
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '2', enrolled: true })
  })
})

describe('rights', () => {
  it('act at the next read on the replica: delete, narrowing, unfollow', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(4)
    await world.walk(viewer, 100)
    await world.remove(newestFirst[0]!)
    expect(await world.walk(viewer, 100)).toEqual(newestFirst.slice(1))
    await world.setVisibility(newestFirst[1]!, 'private')
    expect(await world.walk(viewer, 100)).toEqual(newestFirst.slice(2))
    await world.setVisibility(newestFirst[2]!, 'followers')
    expect(await world.walk(viewer, 100)).toEqual(newestFirst.slice(2))
    await world.unfollow(viewer, author)
    expect(await world.walk(viewer, 100)).toEqual([])
  })

  it('hide what a slow push brings after its author was unfollowed', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(2)
    const other = await world.account()
    await world.follow(viewer, other)
    await world.unfollow(viewer, other)
    await world.walk(viewer, 100)
    const late = await world.photo(other)
    expect(await world.heads.push([viewer], late)).toBe(1)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
    await world.unfollow(viewer, author)
    expect(await world.walk(viewer, 100)).toEqual([])
  })

  it('leave private photos out of their owner’s feed too', async () => {
    const owner = await world.account()
    const mine = await world.publish(owner, { visibility: 'followers' })
    await world.walk(owner, 100)
    await world.publish(owner, { visibility: 'private' })
    await world.setVisibility(mine.photoId, 'private')
    await world.settle()
    expect(await world.walk(owner, 100)).toEqual([])
  })

  it('bring a photo back in its old place when it is widened again', async () => {
    const { viewer, newestFirst } = await viewerOfMany(5)
    await world.walk(viewer, 100)
    await world.setVisibility(newestFirst[2]!, 'private')
    await world.flushHead(viewer)
    await world.walk(viewer, 100)
    await world.setVisibility(newestFirst[2]!, 'public')
    await world.distribute(newestFirst[2]!)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
  })

  it('let who has just written read it, from the primary', async () => {
    const { viewer, newestFirst } = await viewerOfMany(2)
    const other = await world.account()
    const theirs = await world.photo(other)
    await world.walk(viewer, 100)
    await world.follow(viewer, other)
    const page = await world.feed.readFeed({ userId: viewer }, { limit: 100, readYourWrites: true })
    expect(idsOf(page)).toEqual([theirs.photoId, ...newestFirst])
  })
})

describe('a cursor', () => {
  it('of another user, another list, forged or cut is refused', async () => {
    const { viewer } = await viewerOfMany(5)
    const other = await world.account()
    const { nextCursor } = await world.feed.readFeed({ userId: viewer }, { limit: 2 })
    const position = [NOON_MS, uuid()]
    const bad = [
      [other, nextCursor!],
      [viewer, nextCursor!.slice(0, -1)],
      [viewer, `${nextCursor!}A`],
      [viewer, encodeCursor(position, { viewer, list: 'feed' }, 'guessed secret')],
      [viewer, encodeCursor(position, { viewer, list: 'photos' }, CURSOR_SECRET)],
      [viewer, ''],
      [viewer, '\0'],
    ] as const
    for (const [userId, cursor] of bad) {
      await expect(world.feed.readFeed({ userId }, { limit: 2, cursor })).rejects.toMatchObject({
        code: 'bad_cursor',
      })
    }
  })
})
