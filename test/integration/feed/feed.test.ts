import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuid } from 'uuid'
import { encodeCursor } from '../../../src/services/lists/cursor.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { createFeedHeads } from '../../../src/infra/redis/feed-heads.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import { idsOf, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { CURSOR_SECRET, feedPageFor } from '../../support/list-read.ts'

const HEAD_ITEMS = 10

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS })
})
afterAll(() => world.close())

describe('pages', () => {
  it('are newest first, the same for every page size and tier', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 25)
    for (const limit of [1, 2, 3, 7, 9, 10, 11, 12, 24, 25, 26, 100]) {
      expect(await world.walk(viewer, limit), `limit ${limit}`).toEqual(newestFirst)
    }
    expect(await world.tiers()).toContain('head')
  })

  it('order photos of equal score by the bytes of their ids', async () => {
    const viewer = await world.account()
    const ids = Array.from({ length: 8 }, () => uuid()).toSorted()
    for (const photoId of ids.toReversed()) await world.photo(viewer, { score: NOON_MS, photoId })
    await world.settle()
    expect(await world.walk(viewer, 3)).toEqual(ids.toReversed())
    expect(await world.walk(viewer, 3)).toEqual(ids.toReversed())
  })

  it('survive a tie that is longer than the head', async () => {
    const viewer = await world.account()
    for (let n = 0; n < HEAD_ITEMS + 5; n++) await world.photo(viewer, { score: NOON_MS })
    await world.settle()
    expect(await world.walk(viewer, 4)).toEqual(await world.expected(viewer))
    expect(await world.walk(viewer, 4)).toEqual(await world.expected(viewer))
  })

  it('are one empty page for someone who follows nobody', async () => {
    const viewer = await world.account()
    await world.settle()
    expect(await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 20 }))).toEqual({
      items: [],
      nextCursor: null,
    })
    expect(await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 20 }))).toEqual({
      items: [],
      nextCursor: null,
    })
    expect(await world.tiers()).toContain('head')
  })

  it('end with a null cursor on an exactly full page', async () => {
    const { viewer } = await viewerOfMany(world, 6)
    const page = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 6 }))
    expect(page.items).toHaveLength(6)
    expect(page.nextCursor).toBeNull()
  })

  it('keep a cursor in place when photos come and go around it', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 8)
    const first = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 3 }))
    await world.publish(author)
    await world.remove(newestFirst[2]!)
    await world.remove(newestFirst[3]!)
    const second = await world.feed.readFeed(
      feedPageFor(world.db, viewer, { limit: 3, cursor: first.nextCursor! }),
    )
    expect(idsOf(second)).toEqual(newestFirst.slice(4, 7))
  })

  it('are topped up when most is hidden, then short with a cursor', async () => {
    const feed = world.feedWith(createFeedHeads(world.redis))
    const { viewer, newestFirst } = await viewerOfMany(world, 40)
    await world.walk(viewer, 100, feed)
    // All still in the head: the newest three, then 33 that are gone, then four.
    const left = [...newestFirst.slice(0, 3), ...newestFirst.slice(36)]
    for (const photoId of newestFirst.slice(3, 36)) await world.remove(photoId)
    const pages: PhotoId[][] = []
    let cursor: string | undefined
    do {
      const page = await feed.readFeed(feedPageFor(world.db, viewer, { limit: 2, cursor }))
      pages.push(idsOf(page))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(pages.flat()).toEqual(left)
    // Twenty scanned fill no page; on a slow machine 300 ms may cut others short too.
    expect(pages.slice(0, -1).some((page) => page.length < 2)).toBe(true)
  })
})

describe('rights', () => {
  it('apply a delete, narrowing or unfollow at the next replica read', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 4)
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

  it('hide what a slow push brings after an unfollow', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 2)
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

  it('hide the photos of an account while it is suspended', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 3)
    await world.walk(viewer, 2)
    await setAccountStatus(world.db, author, 'suspended')
    expect(await world.walk(viewer, 2)).toEqual([])
    await setAccountStatus(world.db, author, 'active')
    expect(await world.walk(viewer, 2)).toEqual(newestFirst)
  })

  it('keep private photos out of their owner’s feed too', async () => {
    const owner = await world.account()
    const mine = await world.publish(owner, { visibility: 'followers' })
    await world.walk(owner, 100)
    await world.publish(owner, { visibility: 'private' })
    await world.setVisibility(mine.photoId, 'private')
    await world.settle()
    expect(await world.walk(owner, 100)).toEqual([])
  })

  it('return a photo to its old place when it is widened again', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 5)
    await world.walk(viewer, 100)
    await world.setVisibility(newestFirst[2]!, 'private')
    await world.flushHead(viewer)
    await world.walk(viewer, 100)
    await world.setVisibility(newestFirst[2]!, 'public')
    await world.distribute(newestFirst[2]!)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
  })

  it('let a user read their own write from the primary', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 2)
    const other = await world.account()
    const theirs = await world.photo(other)
    await world.walk(viewer, 100)
    await world.follow(viewer, other)
    const page = await world.feed.readFeed(
      feedPageFor(world.db, viewer, { limit: 100, readYourWrites: true }),
    )
    expect(idsOf(page)).toEqual([theirs.photoId, ...newestFirst])
  })
})

describe('a cursor', () => {
  it('is refused from another user or list, or when forged or cut', async () => {
    const { viewer } = await viewerOfMany(world, 5)
    const other = await world.account()
    const { nextCursor } = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 2 }))
    const position = [NOON_MS, uuid()]
    const bad = [
      [other, nextCursor!],
      [viewer, nextCursor!.slice(0, -1)],
      [viewer, `${nextCursor!}A`],
      [
        viewer,
        encodeCursor(position, { viewer: { kind: 'user', userId: viewer }, list: 'feed' }, 'guessed secret'),
      ],
      [
        viewer,
        encodeCursor(position, { viewer: { kind: 'user', userId: viewer }, list: 'photos' }, CURSOR_SECRET),
      ],
      [viewer, ''],
      [viewer, '\0'],
    ] as const
    for (const [userId, cursor] of bad) {
      await expect(
        world.feed.readFeed(feedPageFor(world.db, userId, { limit: 2, cursor })),
      ).rejects.toMatchObject({
        code: 'bad_cursor',
      })
    }
  })
})
