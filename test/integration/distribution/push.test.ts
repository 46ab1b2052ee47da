import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FANOUT_START,
  type FanoutPosition,
  type DistributionPlan,
} from '../../../src/contracts/photo-fanout.ts'
import { type PhotoId, type UserId } from '../../../src/domain/ids.ts'
import { openRedis } from '../../../src/infra/redis/client.ts'
import { createFeedHeads, headKey } from '../../../src/infra/redis/feed-heads.ts'
import { createFanout } from '../../../src/services/distribution/push.ts'
import { EDIT_WAITS } from '../../support/factories/photos.ts'
import { lockAwaited, openWorld, type World } from '../../support/worlds/feed-world.ts'
import { BUCKET_COUNT, feedBucket } from '../../../src/domain/buckets.ts'

const NO_LIMITS = { maxFollowers: 20_000, maxMs: 60_000 }

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function authorWithFollowers(count: number, { enrolled }: { enrolled: number }) {
  const author = await world.account()
  const followers: UserId[] = []
  for (let n = 0; n < count; n++) {
    const follower = await world.account()
    await world.follow(follower, author)
    if (n < enrolled) await world.walk(follower, 1)
    followers.push(follower)
  }
  return { author, followers }
}

async function planOf(photoId: PhotoId): Promise<DistributionPlan> {
  const plan = await world.fanout.planFanout(photoId)
  if (plan.desired !== 'push') throw new Error('nothing to push')
  return plan
}

async function rowsOf(photoId: PhotoId): Promise<UserId[]> {
  const rows = await world.db.primary<{ user_id: UserId }>({
    text: 'SELECT user_id FROM feed_items WHERE photo_id = $1 ORDER BY user_id',
    values: [photoId],
  })
  return rows.map((row) => row.user_id)
}

async function inHead(userId: UserId, photoId: PhotoId): Promise<boolean> {
  const slice = await world.heads.readSlice(userId, undefined, 200)
  return slice?.items.some((item) => item.photoId === photoId) ?? false
}

const byNumber = (ids: UserId[]) => ids.toSorted((left, right) => Number(left) - Number(right))

describe('a plan', () => {
  it.each(['public', 'followers'] as const)('pushes a %s photo', async (visibility) => {
    const author = await world.account()
    const { photoId, score } = await world.photo(author, { visibility })
    expect(await world.fanout.planFanout(photoId)).toEqual({
      desired: 'push',
      version: 1,
      accessEpoch: 1,
      score,
      ownerId: author,
      followers: 0,
      shards: 1,
      buckets: BUCKET_COUNT,
      sinceMs: expect.any(Number),
    })
  })

  it('is completed for a photo of which nothing was noted', async () => {
    const author = await world.account()
    const { photoId } = await world.photo(author)
    await world.db.primary({ text: 'DELETE FROM photo_distribution WHERE photo_id = $1', values: [photoId] })
    // A plan that is never completed is made and carried out again without end.
    expect(await world.fanout.complete(photoId, await planOf(photoId))).toBe(true)
    expect(await world.fanout.planFanout(photoId)).toEqual({ desired: 'none' })
  })

  it('collects a photo that was narrowed or deleted', async () => {
    const author = await world.account()
    const { photoId } = await world.photo(author)
    await world.setVisibility(photoId, 'private')
    expect(await world.fanout.planFanout(photoId)).toMatchObject({ desired: 'collect', version: 2 })
    await world.remove(photoId)
    expect(await world.fanout.planFanout(photoId)).toMatchObject({ desired: 'collect', version: 3 })
  })

  it('does nothing for an absent photo or one that was never in feeds', async () => {
    const author = await world.account()
    const none = { desired: 'none' }
    const { photoId } = await world.photo(author, { visibility: 'private' })
    expect(await world.fanout.planFanout(photoId)).toEqual(none)
    await world.remove(photoId)
    expect(await world.fanout.planFanout(photoId)).toEqual(none)
    expect(await world.fanout.planFanout('00000000-0000-7000-8000-000000000000')).toEqual(none)
  })
})

describe('a push', () => {
  it('reaches enrolled followers and the author, in rows and heads', async () => {
    const { author, followers } = await authorWithFollowers(5, { enrolled: 3 })
    await world.walk(author, 1)
    const { photoId } = await world.photo(author)
    const result = await world.fanout.pushSlice(
      { photoId, plan: await planOf(photoId), after: FANOUT_START },
      NO_LIMITS,
    )
    expect(result).toMatchObject({ outcome: 'done', position: { followersSeen: 5, feedsWritten: 4 } })
    expect(await rowsOf(photoId)).toEqual(byNumber([author, ...followers.slice(0, 3)]))
    for (const userId of [author, ...followers.slice(0, 3)]) expect(await inHead(userId, photoId)).toBe(true)
  })

  it('writes nothing twice when repeated, and completes the heads', async () => {
    const { author, followers } = await authorWithFollowers(2, { enrolled: 2 })
    const { photoId } = await world.publish(author)
    // As if the process had died between rows and heads.
    await world.redis.zremrangebyrank(headKey(followers[0]!), -1, -1)
    expect(await inHead(followers[0]!, photoId)).toBe(false)
    expect(await world.distribute(photoId)).toBe(2)
    expect(await rowsOf(photoId)).toEqual(byNumber(followers))
    expect(await inHead(followers[0]!, photoId)).toBe(true)
  })

  it('visits each follower once, in bucket order, in slices of any size', async () => {
    const { author, followers } = await authorWithFollowers(9, { enrolled: 9 })
    const { photoId } = await world.photo(author)
    const plan = await planOf(photoId)
    const positions: FanoutPosition[] = []
    let outcome = 'more'
    for (let after = FANOUT_START; outcome === 'more';) {
      const result = await world.fanout.pushSlice(
        { photoId, plan, after },
        { maxFollowers: 2, maxMs: 60_000 },
      )
      outcome = result.outcome
      after = result.position
      positions.push(after)
    }
    expect(outcome).toBe('done')
    expect(positions.map((position) => position.followersSeen)).toEqual([2, 4, 6, 8, 9])
    const inOrder = followers.toSorted(
      (left, right) => feedBucket(left) - feedBucket(right) || Number(left) - Number(right),
    )
    expect(positions.map((position) => position.afterFollowerId)).toEqual(
      [1, 3, 5, 7, 8].map((n) => inOrder[n]),
    )
    expect(await rowsOf(photoId)).toEqual(byNumber(followers))
  })

  it.each([
    ['without shards', 1_023],
    ['of the last of two shards', 1_023],
    ['of the first of two shards', 511],
  ])('replans and writes nothing for a plan with fewer buckets: %s', async (_, lastBucket) => {
    const { author, followers } = await authorWithFollowers(5, { enrolled: 5 })
    const { photoId } = await world.photo(author)
    const { buckets, ...planOfOldRelease } = await planOf(photoId)
    expect(buckets).toBe(BUCKET_COUNT)
    const after = { afterBucket: 7, afterFollowerId: '1', followersSeen: 3, feedsWritten: 3 }
    expect(
      await world.fanout.pushSlice(
        { photoId, plan: planOfOldRelease, after, lastBucket },
        { maxFollowers: 500, maxMs: 60_000 },
      ),
    ).toEqual({ outcome: 'replan', position: after })
    expect(await world.fanout.complete(photoId, planOfOldRelease)).toBe(false)
    expect(await rowsOf(photoId)).toEqual([])
    expect(await world.distribute(photoId)).toBe(5)
    expect(await rowsOf(photoId)).toEqual(byNumber(followers))
  })

  it('ends its slice when its time is up', async () => {
    const { author } = await authorWithFollowers(3, { enrolled: 0 })
    const { photoId } = await world.photo(author)
    // More followers than a batch holds are left; only the last batch is smaller than what was asked for.
    const result = await world.fanout.pushSlice(
      { photoId, plan: await planOf(photoId), after: FANOUT_START },
      { maxFollowers: 2, maxMs: 0 },
    )
    expect(result).toMatchObject({ outcome: 'more', position: { followersSeen: 2 } })
  })

  it.each([
    ['edited', (photoId: PhotoId) => world.setVisibility(photoId, 'followers')],
    ['deleted', (photoId: PhotoId) => world.remove(photoId)],
  ])('asks for a new plan when the photo was %s since', async (_what, change) => {
    const { author } = await authorWithFollowers(1, { enrolled: 1 })
    const { photoId } = await world.photo(author)
    const plan = await planOf(photoId)
    await change(photoId)
    expect(await world.fanout.pushSlice({ photoId, plan, after: FANOUT_START }, NO_LIMITS)).toEqual({
      outcome: 'replan',
      position: FANOUT_START,
    })
    expect(await rowsOf(photoId)).toEqual([])
  })

  it('holds a narrowing back until its batch is in Redis too', async () => {
    const { author, followers } = await authorWithFollowers(1, { enrolled: 1 })
    const { photoId } = await world.photo(author)
    const events: string[] = []
    let narrowing: Promise<void> | undefined
    const fanout = createFanout({
      db: world.db,
      heads: {
        ...world.heads,
        async push(...args) {
          narrowing = world.setVisibility(photoId, 'private').then(() => void events.push('narrowed'))
          await lockAwaited(world.db, EDIT_WAITS)
          const added = await world.heads.push(...args)
          events.push('pushed')
          return added
        },
      },
    })
    await fanout.pushSlice({ photoId, plan: await planOf(photoId), after: FANOUT_START }, NO_LIMITS)
    await narrowing
    expect(events).toEqual(['pushed', 'narrowed'])
    expect(await world.walk(followers[0]!, 10)).toEqual([])
  })

  it('fails when Redis fails, and is retried', async () => {
    const { author } = await authorWithFollowers(1, { enrolled: 1 })
    const { photoId } = await world.photo(author)
    const nowhere = openRedis('redis://127.0.0.1:1')
    try {
      const fanout = createFanout({ db: world.db, heads: createFeedHeads(nowhere) })
      const slice = { photoId, plan: await planOf(photoId), after: FANOUT_START }
      await expect(fanout.pushSlice(slice, NO_LIMITS)).rejects.toThrow()
      expect(await rowsOf(photoId)).toEqual([])
    } finally {
      nowhere.disconnect()
    }
  })
})

describe('buckets', () => {
  it('are the same in SQL and TypeScript', async () => {
    const ids = ['1', '2', '1023', '1024', '2147483647', '2147483648', '2147483649', '9223372036854775807']
    for (let n = 0; n < 2_000; n++) ids.push(String(BigInt(n) * 7_919n ** 3n), String(n))
    const rows = await world.db.primary<{ id: string; bucket: number }>({
      text: 'SELECT id, feed_bucket(id) AS bucket FROM unnest($1::bigint[]) AS id',
      values: [ids],
    })
    expect(rows.map((row) => row.bucket)).toEqual(ids.map(feedBucket))
    expect(rows).toHaveLength(ids.length)
  })
})
