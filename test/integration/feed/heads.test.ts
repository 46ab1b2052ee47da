import { createHash, randomInt } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compareFeedOrder, type FeedPosition } from '../../../src/domain/feed-page.ts'
import { type UserId } from '../../../src/domain/ids.ts'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import {
  createFeedHeads,
  headHashTag,
  headKey,
  type FeedHeads,
  type HeadBuild,
} from '../../../src/infra/redis/feed-heads.ts'
import { CLOCK, REMOVE_SLOT } from '../../../src/infra/redis/scripts/feed-heads.ts'
import { startValkey, valkeyServerPath } from '../../support/servers/private-valkey.ts'
import { startStallingProxy, type StallingProxy } from '../../support/servers/stalling-proxy.ts'

const MAX_ITEMS = 5

let redis: RedisClient
let heads: FeedHeads
let userId: UserId
beforeAll(() => {
  redis = openRedis(process.env.REDIS_URL!)
  heads = createFeedHeads(redis, { maxItems: MAX_ITEMS })
})
beforeEach(() => {
  userId = someUser()
})
afterAll(() => redis.disconnect())

/** Beyond the ids that a test database deals out. */
const someUser = (): UserId => String(randomInt(2 ** 40, 2 ** 47))
const item = (score: number): FeedPosition => ({ photoId: uuid(), score })

async function begin(user = userId): Promise<HeadBuild> {
  const build = await heads.beginBuild(user, 0)
  if (typeof build === 'string') throw new Error(`not begun: ${build}`)
  return build
}

async function warm(items: FeedPosition[], { user = userId, epoch = 1, floor = 0 } = {}): Promise<void> {
  expect(await heads.finishBuild(user, await begin(user), { epoch, floor, items })).toBe(true)
}

describe('pushes', () => {
  it('reach warm and building heads and create none', async () => {
    const [absent, building, warmed] = [someUser(), someUser(), someUser()]
    const build = await begin(building)
    await warm([], { user: warmed })
    const photo = item(7)
    expect(await heads.push([absent, building, warmed], photo)).toBe(2)
    expect(await redis.exists(headKey(absent))).toBe(0)
    expect((await heads.readSlice(warmed, undefined, 10))!.items).toEqual([photo])
    expect(await heads.readSlice(building, undefined, 10)).toBeUndefined()
    await heads.finishBuild(building, build, { epoch: 1, floor: 0, items: [] })
    expect((await heads.readSlice(building, undefined, 10))!.items).toEqual([photo])
  })

  it('change nothing when they repeat a photo', async () => {
    await warm([])
    const photo = item(7)
    await heads.push([userId], photo)
    expect(await heads.push([userId], photo)).toBe(0)
    expect((await heads.readSlice(userId, undefined, 10))!.items).toEqual([photo])
  })

  it('to many users of one slot and of many reach each', async () => {
    const users = Array.from({ length: 60 }, someUser)
    const neighbours = Array.from({ length: 20_000 }, someUser).filter(
      (id) => headHashTag(id) === headHashTag(users[0]!),
    )
    const all = [...users, ...neighbours]
    expect(neighbours.length).toBeGreaterThan(3)
    await Promise.all(all.map((user) => warm([], { user })))
    const photo = item(7)
    expect(await heads.push(all, photo)).toBe(all.length)
    for (const user of all) expect((await heads.readSlice(user, undefined, 1))!.items).toEqual([photo])
  })

  it('drop the oldest photos of a full head and raise its floor', async () => {
    const items = [5, 4, 3, 2, 1].map((score) => item(score * 10))
    await warm(items)
    const fresh = item(60)
    await heads.push([userId], fresh)
    const slice = await heads.readSlice(userId, undefined, 10)
    expect(slice).toEqual({ epoch: 1, floor: 10, items: [fresh, ...items.slice(0, 4)] })
  })

  it('never cut a full head between photos of one score', async () => {
    const items = [item(30), item(20), item(10), item(10), item(10)].toSorted(compareFeedOrder)
    await warm(items)
    await heads.push([userId], item(40))
    const slice = await heads.readSlice(userId, undefined, 10)
    expect(slice!.floor).toBe(10)
    expect(slice!.items.map((one) => one.score)).toEqual([40, 30, 20])
  })

  it('leave what is at or below the floor to the other tiers', async () => {
    await warm([item(50)], { floor: 20 })
    expect(await heads.push([userId], item(20))).toBe(0)
    expect(await heads.push([userId], item(19))).toBe(0)
    expect(await heads.push([userId], item(21))).toBe(1)
  })

  it('are bounded in a building head, and their floor stays raised', async () => {
    const build = await begin()
    const pushed = Array.from({ length: MAX_ITEMS + 2 }, (_, index) => item(100 + index))
    for (const photo of pushed) await heads.push([userId], photo)
    await heads.finishBuild(userId, build, { epoch: 1, floor: 0, items: [item(101), item(50)] })
    const slice = await heads.readSlice(userId, undefined, 10)
    expect(slice!.floor).toBe(101)
    expect(slice!.items.map((one) => one.score)).toEqual([106, 105, 104, 103, 102])
  })
})

describe.skipIf(!valkeyServerPath)('a head that came from another server', () => {
  it('is deleted by a push, so that it cannot return warm without it', async () => {
    const servers = [await startValkey(), await startValkey()] as const
    const clients = servers.map(({ port }) => openRedis(`redis://127.0.0.1:${port}`))
    const [onFirst, onSecond] = clients.map((client) => createFeedHeads(client)) as [FeedHeads, FeedHeads]
    try {
      const build = (await onFirst.beginBuild(userId, 0)) as HeadBuild
      await onFirst.finishBuild(userId, build, { epoch: 1, floor: 50, items: [item(60)] })
      await clients[1]!.restore(headKey(userId), 0, await clients[0]!.dumpBuffer(headKey(userId)))
      const own = someUser()
      await onSecond.beginBuild(own, 0)
      // Also if it would be left to the other tiers there.
      expect(await onSecond.push([userId, own], item(40))).toBe(1)
      expect(await clients[1]!.exists(headKey(userId))).toBe(0)
    } finally {
      for (const client of clients) client.disconnect()
      await Promise.all(servers.map((server) => server.close()))
    }
  })
})

describe('over a path that is slow or stalls', () => {
  let proxy: StallingProxy
  let client: RedisClient
  let slow: FeedHeads
  beforeEach(async () => {
    proxy = await startStallingProxy(new URL(process.env.REDIS_URL!.replace('redis+cluster', 'redis')))
    client = openRedis(`redis://127.0.0.1:${proxy.port}`)
    slow = createFeedHeads(client)
  })
  afterEach(() => {
    client.disconnect()
    proxy.close()
  })

  it.each(['push', 'remove'] as const)('gives up on a %s after 2 s, however many heads', async (task) => {
    const users = Array.from({ length: 1_000 }, someUser)
    const photo = item(7)
    await client.ping()
    proxy.slowDown(300)
    const startedAt = performance.now()
    const work = task === 'push' ? slow.push(users, photo) : slow.remove(users, photo.photoId)
    await expect(work).rejects.toThrow('in time')
    expect(performance.now() - startedAt).toBeLessThan(2_500)
  })

  it('keeps what was pushed after a late removal was given up', async () => {
    const photo = item(7)
    await warm([photo])
    await slow.remove([someUser()], photo.photoId)
    proxy.stall(createHash('sha1').update(REMOVE_SLOT).digest('hex'))
    const startedAt = performance.now()
    await expect(slow.remove([userId], photo.photoId)).rejects.toThrow()
    // Until then it might have come: the caller holds off a widening.
    expect(performance.now() - startedAt).toBeGreaterThan(1_950)
    await heads.push([userId], photo)
    proxy.heal()
    // On the same connection, so after it.
    await client.ping()
    expect((await heads.readSlice(userId, undefined, 10))!.items).toEqual([photo])
  })
})

describe('a removal', () => {
  it('runs only before its deadline by the clock of its server', async () => {
    const photo = item(7)
    await warm([photo])
    const key = headKey(userId)
    const member = Buffer.from(photo.photoId.replaceAll('-', ''), 'hex')
    const [history, now] = (await redis.eval(CLOCK, 1, key)) as [string, number]
    const remove = (of: string, until: number) => redis.eval(REMOVE_SLOT, 1, key, member, of, until)
    expect(await remove(history, now)).toBe(0)
    expect(await remove('0'.repeat(32), now + 60_000)).toBe(0)
    expect(await remove(history, now + 60_000)).toBe(1)
  })
})

describe('slices', () => {
  it('begin below the position, even within a tie', async () => {
    const items = [item(30), item(20), item(20), item(20), item(10)].toSorted(compareFeedOrder)
    await warm(items)
    for (const [index, position] of items.entries()) {
      const slice = await heads.readSlice(userId, position, 2)
      expect(slice!.items.slice(0, 2)).toEqual(items.slice(index + 1, index + 3))
    }
    const goneInTheTie = {
      score: 20,
      photoId: items[2]!.photoId.replace(/.$/, (digit) => (digit === 'f' ? 'e' : 'f')),
    }
    const below = items.filter((one) => compareFeedOrder(goneInTheTie, one) < 0)
    expect((await heads.readSlice(userId, goneInTheTie, 10))!.items).toEqual(below)
  })

  it('carry scores and epochs of any size exactly', async () => {
    const items = [item(8_640_000_000_000_000), item(1_790_000_000_001), item(1_790_000_000_000)]
    await warm(items, { epoch: 2 ** 52 + 1, floor: 1_789_999_999_999 })
    const slice = await heads.readSlice(userId, undefined, 10)
    expect(slice).toEqual({ epoch: 2 ** 52 + 1, floor: 1_789_999_999_999, items })
  })
})

describe('a build', () => {
  it('runs one at a time', async () => {
    await begin()
    expect(await heads.beginBuild(userId, 0)).toBe('building')
  })

  it('replaces a head of an older epoch, but not a good one', async () => {
    await warm([], { epoch: 3 })
    expect(await heads.beginBuild(userId, 3)).toBe('warm')
    expect(await heads.beginBuild(userId, 4)).toHaveProperty('nonce')
  })

  it('ends only what it started', async () => {
    const lost = await begin()
    await redis.del(headKey(userId))
    const current = await begin()
    expect(await heads.finishBuild(userId, lost, { epoch: 9, floor: 0, items: [item(1)] })).toBe(false)
    expect(await heads.finishBuild(userId, current, { epoch: 1, floor: 0, items: [] })).toBe(true)
    expect(await heads.finishBuild(userId, current, { epoch: 2, floor: 0, items: [item(1)] })).toBe(false)
    expect(await heads.readSlice(userId, undefined, 10)).toEqual({ epoch: 1, floor: 0, items: [] })
  })

  it('is forgotten soon after its builder dies; a head in use is kept', async () => {
    const build = await begin()
    expect(await redis.ttl(headKey(userId))).toBeLessThanOrEqual(10)
    await heads.finishBuild(userId, build, { epoch: 1, floor: 0, items: [] })
    await redis.expire(headKey(userId), 1_000)
    await heads.readSlice(userId, undefined, 10)
    expect(await redis.ttl(headKey(userId))).toBeGreaterThan(86_400)
  })

  it('keeps a head of 200 in the compact encoding', async () => {
    const full = createFeedHeads(redis)
    const [name, limit] = (await redis.config('GET', 'zset-max-listpack-entries')) as [string, string]
    expect(name).toBe('zset-max-listpack-entries')
    const items = Array.from({ length: 200 }, (_, index) => item(1_790_000_000_000 - index))
    const build = (await full.beginBuild(userId, 0)) as HeadBuild
    await full.finishBuild(userId, build, { epoch: 1, floor: 0, items })
    expect(await redis.object('ENCODING', headKey(userId))).toBe(
      Number(limit) > 200 ? 'listpack' : 'skiplist',
    )
    expect(await redis.zcard(headKey(userId))).toBe(201)
  })
})
