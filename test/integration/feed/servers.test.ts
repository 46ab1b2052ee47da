import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { v7 as uuid } from 'uuid'
import { type PhotoId, type UserId } from '../../../src/domain/ids.ts'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import {
  createFeedHeads,
  headHashTag,
  headKey,
  type FeedHeads,
  type HeadBuild,
} from '../../../src/infra/redis/feed-heads.ts'
import { openWorld, type World } from '../../support/worlds/feed-world.ts'
import { startCluster } from '../../support/servers/private-valkey-cluster.ts'
import { startValkey, valkeyServerPath, type PrivateValkey } from '../../support/servers/private-valkey.ts'
import { BUCKET_COUNT, feedBucket } from '../../../src/domain/buckets.ts'

let world: World
const servers: PrivateValkey[] = []
const clients: RedisClient[] = []
beforeAll(async () => {
  world = await openWorld()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})
afterAll(() => world.close())

async function serverOf(settings?: string[]): Promise<PrivateValkey> {
  const server = await startValkey(settings)
  servers.push(server)
  return server
}

function headsOn(url: string): FeedHeads {
  const client = openRedis(url)
  clients.push(client)
  return createFeedHeads(client)
}

async function warm(heads: FeedHeads, userId: UserId): Promise<void> {
  const build = (await heads.beginBuild(userId, 0)) as HeadBuild
  expect(await heads.finishBuild(userId, build, { epoch: 1, floor: 0, items: [] })).toBe(true)
}

const isWarm = async (heads: FeedHeads, userId: UserId) =>
  (await heads.readSlice(userId, undefined, 1)) !== undefined

async function viewerOf(count: number): Promise<{ viewer: UserId; expected: PhotoId[] }> {
  const viewer = await world.account()
  for (let n = 0; n < count; n++) await world.photo(viewer)
  await world.settle()
  return { viewer, expected: await world.expected(viewer) }
}

describe.skipIf(!valkeyServerPath)('heads on a server that', () => {
  it('is standalone are read, pushed to and rebuilt as in a cluster', async () => {
    const server = await serverOf()
    const heads = headsOn(`redis://127.0.0.1:${server.port}`)
    const feed = world.feedWith(heads)
    const { viewer, expected } = await viewerOf(5)
    await world.tiers()
    expect(await world.walk(viewer, 100, feed)).toEqual(expected)
    await feed.idle()
    await world.tiers()
    const fresh = await world.photo(viewer)
    expect(await heads.push([viewer], fresh)).toBe(1)
    await world.settle()
    expect(await world.walk(viewer, 100, feed)).toEqual([fresh.photoId, ...expected])
    expect(await world.tiers()).toEqual(['head'])
  })

  it('dies leave the feed correct and become warm again later', async () => {
    const server = await serverOf()
    const feed = world.feedWith(headsOn(`redis://127.0.0.1:${server.port}`))
    const { viewer, expected } = await viewerOf(5)
    await world.walk(viewer, 2, feed)
    await server.kill()
    const startedAt = performance.now()
    expect(await world.walk(viewer, 2, feed)).toEqual(expected)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    await server.restart()
    for (const deadline = Date.now() + 10_000; ;) {
      await world.tiers()
      expect(await world.walk(viewer, 100, feed)).toEqual(expected)
      if ((await world.tiers())[0] === 'head') break
      if (Date.now() > deadline) throw new Error('still cold')
    }
  })

  it('restarted from an old snapshot read as cold', async () => {
    const server = await serverOf()
    const heads = headsOn(`redis://127.0.0.1:${server.port}`)
    const userId = await world.account()
    await warm(heads, userId)
    await server.admin.save()
    // Acknowledged, and lost by the crash.
    expect(await heads.push([userId], { photoId: uuid(), score: 1 })).toBe(1)
    await server.kill()
    await server.restart()
    expect(await server.admin.exists(headKey(userId))).toBe(1)
    const again = headsOn(`redis://127.0.0.1:${server.port}`)
    expect(await isWarm(again, userId)).toBe(false)
    await warm(again, userId)
    expect(await isWarm(again, userId)).toBe(true)
  })

  it('took over, or was master before, read as cold', async () => {
    const [first, second] = [await serverOf(), await serverOf()]
    const [onFirst, onSecond] = [first, second].map(({ port }) => headsOn(`redis://127.0.0.1:${port}`)) as [
      FeedHeads,
      FeedHeads,
    ]
    const follows = async (replica: PrivateValkey, master: PrivateValkey) => {
      await replica.admin.replicaof('127.0.0.1', master.port)
      for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
        if ((await replica.admin.info('replication')).includes('master_link_status:up')) return
      }
      throw new Error('not in sync')
    }
    await follows(second, first)
    const userId = await world.account()
    await warm(onFirst, userId)
    // WAIT is about the writes of its own connection, and what came before them.
    await first.admin.set('last', '')
    expect(await first.admin.wait(1, 5_000)).toBe(1)

    await second.admin.replicaof('NO', 'ONE')
    expect(await second.admin.exists(headKey(userId))).toBe(1)
    expect(await isWarm(onSecond, userId)).toBe(false)

    // The same process is master again, over what it took from the other: its run_id would not tell.
    await follows(first, second)
    await first.admin.replicaof('NO', 'ONE')
    expect(await first.admin.exists(headKey(userId))).toBe(1)
    expect(await isWarm(onFirst, userId)).toBe(false)
  })

  it('of a cluster have the same share of all feeds, however many they are', async () => {
    const cluster = await startCluster(2)
    servers.push(...cluster.masters)
    const userOf = new Map<string, UserId>()
    for (let id = 1; id <= BUCKET_COUNT; id++) userOf.set(headHashTag(String(id)), String(id))
    expect(userOf.size).toBe(1_024)
    const asking = cluster.masters[0]!.admin.pipeline()
    for (const userId of userOf.values()) asking.cluster('KEYSLOT', headKey(userId))
    const slots = (await asking.exec())!.map(([, slot]) => Number(slot))
    const sixteenths = new Set(slots.map((slot) => Math.floor(slot / 16)))
    expect(sixteenths.size).toBe(1_024)
  })

  it('gives a slot away take pushes and move with the slot', async () => {
    const cluster = await startCluster(2)
    servers.push(...cluster.masters)
    const heads = headsOn(cluster.url)

    const here = await world.account()
    let next = BigInt(here) + 1_000_000_000n
    const neighbour = (): UserId => {
      while (feedBucket(String(next)) !== feedBucket(here)) next++
      return String(next++)
    }
    const [there, absent] = [neighbour(), neighbour()]
    await warm(heads, here)
    await warm(heads, there)

    const migration = await cluster.beginMigration(headKey(here))
    await migration.move([headKey(there)])

    expect(await heads.push([here, there, absent], { photoId: uuid(), score: 1 })).toBe(1)
    expect(await migration.from.admin.zcard(headKey(here))).toBe(2)
    // It came from another server's history, so the push deleted it.
    await migration.to.admin.call('ASKING')
    expect(await migration.to.admin.exists(headKey(there))).toBe(0)
    expect(await isWarm(heads, there)).toBe(false)
  })

  it('gives a slot to a silent node fail only what is pushed there', async () => {
    const cluster = await startCluster(2)
    servers.push(...cluster.masters)
    const heads = headsOn(cluster.url)
    const userId = await world.account()
    await warm(heads, userId)
    const migration = await cluster.beginMigration(headKey(userId))
    await migration.move([headKey(userId)])
    await migration.to.admin.call('ASKING')
    await migration.to.admin.del(headKey(userId))
    await warm(heads, userId)
    expect(await heads.push([userId], { photoId: uuid(), score: 1 })).toBe(1)
    migration.to.freeze()
    // A rejection that nobody handled, such as of the ASKING before it, would end the process.
    await expect(heads.push([userId], { photoId: uuid(), score: 2 })).rejects.toThrow()
    migration.to.thaw()
    const pushed = () => heads.push([userId], { photoId: uuid(), score: 3 })
    expect(await vi.waitFor(pushed, 10_000)).toBe(1)
  })
})
