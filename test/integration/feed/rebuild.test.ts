import { Client } from 'pg'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { openRedis } from '../../../src/infra/redis/client.ts'
import { createFeedHeads, headKey } from '../../../src/infra/redis/feed-heads.ts'
import { idsOf, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { feedPageFor } from '../../support/list-read.ts'

const HEAD_ITEMS = 10

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS })
})
afterAll(() => world.close())

describe('a head', () => {
  it('is built by the first read, serves the next and takes pushes', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 4)
    await world.tiers()
    await world.walk(viewer, 100)
    expect(await world.tiers()).not.toContain('head')
    await world.feed.idle()
    await world.walk(viewer, 100)
    const fresh = await world.publish(author)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([fresh.photoId, ...newestFirst])
    expect(await world.tiers()).toEqual(['head', 'head'])
  })

  it('is void after a follow or an unfollow, without any push', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 4)
    const other = await world.account()
    const theirs = await world.photo(other)
    await world.walk(viewer, 100)
    await world.follow(viewer, other)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId, ...newestFirst])
    await world.unfollow(viewer, author)
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId])
  })

  it('hands over to pull at its floor, without gaps or repeats', async () => {
    const { viewer, author } = await viewerOfMany(world, HEAD_ITEMS)
    await world.walk(viewer, 100)
    for (let n = 0; n < 7; n++) await world.publish(author, { score: NOON_MS + 1_000 + Math.floor(n / 2) })
    await world.settle()
    const slice = await world.heads.readSlice(viewer, undefined, 100)
    expect(slice!.floor).toBeGreaterThan(0)
    expect(slice!.items.length).toBeLessThanOrEqual(HEAD_ITEMS)
    const expected = await world.expected(viewer)
    await world.tiers()
    for (const limit of [1, 4, 9, 10, 11, 17]) expect(await world.walk(viewer, limit)).toEqual(expected)
    expect(new Set(await world.tiers())).toEqual(new Set(['head', 'pull']))
  })

  it('is built again after it was lost', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    await world.walk(viewer, 100)
    await world.flushHead(viewer)
    await world.tiers()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
    expect(await world.tiers()).not.toContain('head')
  })

  it('reads as cold when another server wrote it', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    await world.walk(viewer, 100)
    // What a replica promoted too early would hold: a photo less, under the old master's replication id.
    const key = headKey(viewer)
    const [sentinel] = await world.redis.zrangeBuffer(key, 0, '0')
    const forged = Buffer.concat([sentinel!.subarray(0, -32), Buffer.from('0'.repeat(32))])
    await world.redis.zremrangebyrank(key, -1, -1)
    await world.redis.zrem(key, sentinel!)
    await world.redis.zadd(key, '-1', forged)
    await world.tiers()
    expect(await world.walk(viewer, 100)).toEqual(newestFirst)
    expect(await world.tiers()).not.toContain('head')
  })

  it('holds a photo published between its snapshot and its end', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 3)
    let fresh: PhotoId | undefined
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        fresh ??= (await world.publish(author)).photoId
        return world.heads.finishBuild(...args)
      },
    })
    await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 }))
    await feed.idle()
    await world.settle()
    expect(fresh).toBeDefined()
    const slice = await world.heads.readSlice(viewer, undefined, 100)
    expect(slice!.items.map((item) => item.photoId)).toEqual([fresh, ...newestFirst])
  })

  it('stays cold when a follow ends its epoch during the build', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    const other = await world.account()
    const theirs = await world.photo(other)
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await world.follow(viewer, other)
        return world.heads.finishBuild(...args)
      },
    })
    await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 }))
    await feed.idle()
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([theirs.photoId, ...newestFirst])
  })

  it('is built from the primary while the replica is behind', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 3)
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
      expect(idsOf(await feed.readFeed(feedPageFor(db, viewer, { limit: 100 })))).toEqual(newestFirst)
      await feed.idle()
      await world.settle()
      await world.tiers()
      expect(await world.walk(viewer, 100)).toEqual([fresh.photoId, ...newestFirst])
      expect(await world.tiers()).toEqual(['head'])
    } finally {
      await behind.end()
    }
  })

  it('is built once, however many readers there are', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 12)
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

  it('stays cold when its builder is replaced; the read is still correct', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await world.flushHead(viewer)
        await world.heads.beginBuild(viewer, 0)
        return world.heads.finishBuild(...args)
      },
    })
    expect(idsOf(await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 })))).toEqual(newestFirst)
    await feed.idle()
    expect(await world.heads.readSlice(viewer, undefined, 100)).toBeUndefined()
  })

  it('does not delay the read when it is slow to build', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        await gate
        return world.heads.finishBuild(...args)
      },
    })
    expect(idsOf(await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 })))).toEqual(newestFirst)
    release()
    await feed.idle()
    expect(await world.heads.readSlice(viewer, undefined, 100)).toBeDefined()
  })

  it('is not needed for a read while Redis is unreachable', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, HEAD_ITEMS + 2)
    const nowhere = openRedis('redis://127.0.0.1:1')
    try {
      const feed = world.feedWith(createFeedHeads(nowhere))
      await world.tiers()
      expect(await world.walk(viewer, 5, feed)).toEqual(newestFirst)
      expect(new Set(await world.tiers())).toEqual(new Set(['pull']))
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

  it('happens once, at the first read, and voids what was known', async () => {
    const viewer = await world.account()
    expect(await stateOf(viewer)).toEqual({ epoch: '0', enrolled: false })
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: true })
    await world.flushHead(viewer)
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: true })
  })

  it('keeps the epoch of earlier follows', async () => {
    const viewer = await world.account()
    await world.follow(viewer, await world.account())
    expect(await stateOf(viewer)).toEqual({ epoch: '1', enrolled: false })
    await world.walk(viewer, 1)
    expect(await stateOf(viewer)).toEqual({ epoch: '2', enrolled: true })
  })
})
