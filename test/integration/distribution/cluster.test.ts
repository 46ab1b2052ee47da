import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { photoIdToBytes } from '../../../src/infra/redis/photo-id-bytes.ts'
import type { FeedPosition } from '../../../src/domain/feed-page.ts'
import { headHashTag, headKey } from '../../../src/infra/redis/feed-heads.ts'
import type { Feed } from '../../../src/services/feed/feed.ts'
import {
  FANOUT_QUEUES,
  openCelebrityWorld,
  SHARDS,
  type CelebrityWorld,
  type FanoutRun,
} from '../../support/worlds/celebrity-world.ts'
import { openWorld, type World } from '../../support/worlds/feed-world.ts'
import {
  startCluster,
  type ClusterNode,
  type PrivateCluster,
} from '../../support/servers/private-valkey-cluster.ts'
import { valkeyServerPath } from '../../support/servers/private-valkey.ts'
import { eventually } from '../../support/worlds/upload-world.ts'
import { BUCKET_COUNT, feedBucket } from '../../../src/domain/buckets.ts'

/** Enough followers that one slot has the heads of at least three of them. */
const FOLLOWERS = 3_000
const READERS = 40
const OLDER_PHOTOS = 15
const PAGE = 10

interface Audience {
  author: UserId
  /** The photos that the author had published before. */
  older: FeedPosition[]
  followers: UserId[]
  /** Followers whose heads are warm. */
  readers: UserId[]
}

interface Push extends Audience {
  photoId: PhotoId
  run: FanoutRun
}

describe.skipIf(!valkeyServerPath)('the push of a celebrity’s photo over a cluster of three', () => {
  let cluster: PrivateCluster
  let replica: ClusterNode
  let world: CelebrityWorld
  let feeds: World
  let feed: Feed

  beforeAll(async () => {
    cluster = await startCluster(3)
    replica = await cluster.addReplica(cluster.masters[2]!)
    world = await openCelebrityWorld({ REDIS_URL: cluster.url, FANOUT_SLICE_FOLLOWERS: '75' }, FANOUT_QUEUES)
    feeds = await openWorld()
    feed = feeds.feedWith(world.heads)
  })
  afterAll(async () => {
    await feed?.idle()
    await feeds?.close()
    await world?.close()
    await cluster?.close()
  })

  async function audience(): Promise<Audience> {
    const author = await world.author()
    const older: FeedPosition[] = []
    for (let n = 0; n < OLDER_PHOTOS; n++) older.push(await feeds.photo(author))
    const followers = await world.addFollowers(author, FOLLOWERS)
    const readers = followers.filter((_, index) => index % (FOLLOWERS / READERS) === 0)
    await feeds.settle()
    await expectRightFeeds(readers)
    expect(await warmOf(readers)).toEqual(readers)
    return { author, older, followers, readers }
  }

  /**
   * Publishes a photo; resolves when some slices of its push are done, others are not, and none is under way.
   * @param first some of the followers; at least one of them has the photo by then
   */
  async function pushHalf(to: Audience, first = to.followers): Promise<Push> {
    const photoId = await world.publish(to.author)
    const run = await world.reconcile(photoId, to.author)
    const awaited = new Set(first)
    await eventually(async () => (await world.rowsOf(photoId)).some((userId) => awaited.has(userId)))
    await run.hold()
    const { followersSeen, state } = await run.progress()
    expect(state).toBe('paused')
    expect(followersSeen).toBeLessThan(FOLLOWERS)
    await feeds.inFlight.refresh()
    await feeds.settle()
    return { ...to, photoId, run }
  }

  /** Expects each feed, page by page, to be what brute force says. */
  async function expectRightFeeds(readers: UserId[]): Promise<void> {
    for (const reader of readers) {
      expect(await feeds.walk(reader, PAGE, feed)).toEqual(await feeds.expected(reader))
    }
    await feed.idle()
  }

  /** The readers whose heads serve reads. */
  async function warmOf(readers: UserId[], photoId?: PhotoId): Promise<UserId[]> {
    const warm: UserId[] = []
    for (const reader of readers) {
      const { slice } = await eventually(async () => {
        // For a moment after a failure, it refuses to ask.
        const slice = world.heads.readSlice(reader, undefined, 200)
        return slice.then((found) => ({ slice: found })).catch(() => undefined)
      })
      if (!slice) continue
      if (photoId) expect(slice.items.map((item) => item.photoId)).toContain(photoId)
      warm.push(reader)
    }
    return warm
  }

  /** Expects all that a completed push promises. @returns whose heads were warm before their feeds were read */
  async function expectPushed({ run, photoId, followers, readers }: Push): Promise<UserId[]> {
    const everyone = { followersSeen: FOLLOWERS, delivered: FOLLOWERS }
    expect(await run.result()).toMatchObject({ state: 'done', ...everyone })
    expect(await world.rowsOf(photoId)).toEqual(followers)
    expect(await world.isInFlight(photoId)).toBe(false)
    await feeds.inFlight.refresh()
    const warm = await warmOf(readers, photoId)
    await expectRightFeeds(readers)
    expect(await warmOf(readers, photoId)).toEqual(readers)
    return warm
  }

  const onNode = async (node: ClusterNode, readers: UserId[]): Promise<UserId[]> => {
    const keys = new Set(await node.admin.keys('feed:*'))
    return readers.filter((reader) => keys.has(headKey(reader)))
  }
  const notIn = (some: UserId[]) => (reader: UserId) => !some.includes(reader)

  it('continues while a slot moves and reaches heads on both nodes', async () => {
    const push = await pushHalf(await audience())
    const { photoId, run, older } = push
    const done = new Set([...push.readers, ...(await world.rowsOf(photoId))])
    const left = push.followers.filter((follower) => !done.has(follower))
    const inOrder = left.toSorted((one, other) => feedBucket(one) - feedBucket(other))
    const users = [...Map.groupBy(inOrder, headHashTag).values()].find((some) => some.length >= 3)!
    // Their heads lack the photo, as if built before it was published: only the push can add it.
    const [here, there, fresh] = users as [UserId, UserId, UserId]
    await world.warmHeads([here, there], older)

    const migration = await cluster.beginMigration(headKey(here))
    await migration.move([headKey(there)])
    // A head that was absent is built on the other side.
    await world.warmHeads([fresh], older)
    expect(await onNode(migration.from, [here, there, fresh])).toEqual([here])
    expect(await onNode(migration.to, [here, there, fresh])).toEqual([there, fresh])
    // The other shards are still held, so this is the middle of the push.
    await run.goOn(Math.floor(feedBucket(here) / (BUCKET_COUNT / SHARDS)))
    await eventually(async () => (await world.rowsOf(photoId)).includes(fresh))
    expect((await run.progress()).followersSeen).toBeLessThan(FOLLOWERS)
    expect(await warmOf([here, there, fresh], photoId)).toEqual([here, fresh])

    const moved = await migration.finish()
    expect(moved).toContain(headKey(here))
    await run.goOn()
    // A head that came from another history is cold; one that was built there is not.
    const readers = [...push.readers, here, there, fresh]
    const warm = readers.filter((reader) => reader !== there && !moved.includes(headKey(reader)))
    expect(await expectPushed({ ...push, readers })).toEqual(warm)
  })

  it('waits for a killed node and continues when it returns empty', async () => {
    const node = cluster.masters[0]!
    const push = await pushHalf(await audience())
    const lost = await onNode(node, push.readers)
    await node.kill()
    await push.run.goOn()
    await eventually(() => push.run.isRetrying())
    await expectRightFeeds(push.readers)
    expect(await world.isInFlight(push.photoId)).toBe(true)
    await node.restart()
    expect(await expectPushed(push)).toEqual(push.readers.filter(notIn(lost)))
  })

  it('continues after the nodes are flushed', async () => {
    const push = await pushHalf(await audience())
    for (const { admin } of cluster.masters) await admin.flushall()
    // Some feeds are read, and so rebuilt, before the push reaches them or after.
    const rebuilt = push.readers.filter((_, index) => index % 2 === 0)
    await expectRightFeeds(rebuilt)
    await push.run.goOn()
    expect(await expectPushed(push)).toEqual(rebuilt)
  })

  it('continues after a failover, and heads that missed it are cold', async () => {
    const master = cluster.masters[2]!
    const to = await audience()
    const lost = await onNode(master, to.readers)
    await eventually(async () => (await onNode(replica, lost)).length === lost.length)
    // The replica does not get what the master acknowledges from now on.
    replica.freeze()
    await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica')
    const push = await pushHalf(to, lost)
    const pushedTo = new Set(await world.rowsOf(push.photoId))
    const forgotten = lost.find((reader) => pushedTo.has(reader))!
    expect(await world.inHead(forgotten, push.photoId)).toBe(true)
    await master.kill()
    await push.run.goOn()
    await eventually(() => push.run.isRetrying())
    await expectRightFeeds(push.readers)
    expect(await world.isInFlight(push.photoId)).toBe(true)

    replica.thaw()
    await replica.admin.cluster('FAILOVER', 'TAKEOVER')
    await eventually(async () => (await replica.admin.role())[0] === 'master')
    expect(await replica.admin.zscore(headKey(forgotten), photoIdToBytes(push.photoId))).toBeNull()
    expect(await replica.admin.zcard(headKey(forgotten))).toBe(OLDER_PHOTOS + 1)
    expect(await expectPushed(push)).toEqual(push.readers.filter(notIn(lost)))
  })
})
