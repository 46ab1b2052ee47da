import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareFeedOrder, type FeedPosition } from '../../src/domain/feed-page.ts'
import type { PhotoId, UserId } from '../../src/domain/ids.ts'
import { VISIBILITIES, type Visibility } from '../../src/domain/visibility.ts'
import type { FeedHeads } from '../../src/infra/redis/feed-heads.ts'
import type { Feed } from '../../src/services/feed/feed.ts'
import { openWorld, type World } from '../integration/feed-world.ts'

/** Thorough: PROPERTY_RUNS=1000; a failing run prints its seed, PROPERTY_SEED repeats it. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 120)
const SEED = process.env.PROPERTY_SEED

const ACCOUNTS = 4
/** So small that a few photos reach below the floor. */
const HEAD_ITEMS = 4

let world: World
let feeds: Record<Via, Feed>
/** Builds that end only after the writes of their step, so that a photo falls between their snapshot and their end. */
const slowBuilds = new Map<UserId, Promise<unknown>>()
/** Some of those writes begin only when a build of their step has its snapshot, or its reads have ended. */
let snapshotTaken = Promise.withResolvers<void>()
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS })
  const { heads } = world
  const slowly: FeedHeads = {
    ...heads,
    async finishBuild(userId, ...rest) {
      snapshotTaken.resolve()
      await slowBuilds.get(userId)
      return heads.finishBuild(userId, ...rest)
    },
  }
  feeds = {
    'this process': world.feedWith(slowly),
    'another process': world.feedWith(slowly),
    'without Redis': world.feedWith({
      ...heads,
      readSlice: () => Promise.reject(new Error('Redis is down')),
    }),
  }
})
afterAll(() => world.close())

const account = fc.nat({ max: ACCOUNTS - 1 })
const photo = fc.nat({ max: 1_000 })
const visibility = fc.constantFrom<Visibility>(...VISIBILITIES)
const limit = fc.integer({ min: 1, max: 100 })

/** Another process reads the same heads; one that Redis does not answer reads none. */
const via = fc.constantFrom('this process', 'another process', 'without Redis')
type Via = typeof via extends fc.Arbitrary<infer Name> ? Name : never

const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('post'), account, visibility, tie: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      account,
      visibility,
      tie: fc.boolean(),
      late: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), photo }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('show'), photo, visibility }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('follow'), account, other: account }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unfollow'), account, other: account }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read'),
      account,
      limit,
      pages: fc.integer({ min: 1, max: 3 }),
      slowly: fc.boolean(),
      via,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('distribute'), photo }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush'), account }) },
)
type Operation = {
  [Name in string]: {
    do: Name
    account: number
    other: number
    photo: number
    limit: number
    pages: number
  } & {
    visibility: Visibility
    tie: boolean
    slowly: boolean
    late: boolean
    via: Via
  }
}[string]

/** What runs in one step runs at the same time. */
const story = fc.array(fc.array(operation, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 14 })

describe('every feed, once all is quiet', () => {
  it(
    'is what brute force says: same photos, same order, none twice, none missing',
    async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.array(limit, { minLength: 1, maxLength: 2 }), async (steps, limits) => {
          const run = await begin()
          for (const step of steps) await run.performAll(step as Operation[])
          await run.quieten()
          await run.compare([...limits, 1, HEAD_ITEMS, 100])
        }),
        {
          numRuns: RUNS,
          endOnFailure: process.env.PROPERTY_SHRINK === undefined,
          ...(SEED ? { seed: Number(SEED) } : {}),
        },
      )
    },
    Math.max(120_000, RUNS * 5_000),
  )
})

async function begin() {
  const users: UserId[] = []
  for (let n = 0; n < ACCOUNTS; n++) users.push(await world.account())
  for (const user of users.slice(1)) await world.follow(user, users[0]!)
  const photos: FeedPosition[] = []
  const removed = new Set<PhotoId>()
  /** What the workflow has been told of and not done yet. */
  const due = new Set<PhotoId>()

  async function read(feed: Feed, viewer: UserId, limit: number, pages: number): Promise<void> {
    const removedBefore = [...removed]
    const seen: FeedPosition[] = []
    let cursor: string | undefined
    for (let page = 0; page < pages; page++) {
      const { cards, nextCursor } = await feed.readFeed({ userId: viewer }, { limit, cursor })
      seen.push(...cards.map((card) => ({ photoId: card.photoId, score: card.score! })))
      if (nextCursor === null) break
      cursor = nextCursor
    }
    for (let index = 1; index < seen.length; index++) {
      expect(compareFeedOrder(seen[index - 1]!, seen[index]!)).toBeLessThan(0)
    }
    expect(seen.filter((item) => removedBefore.includes(item.photoId))).toEqual([])
  }

  async function perform(one: Operation): Promise<void> {
    const user = users[one.account]!
    const known = photos[one.photo % photos.length]
    switch (one.do) {
      case 'post':
      case 'publish': {
        if (one.late) await snapshotTaken.promise
        const tie = one.tie && photos.length > 0 ? { score: photos.at(-1)!.score } : {}
        const posted = await world.photo(user, { visibility: one.visibility, ...tie })
        photos.push(posted)
        if (one.do === 'publish') await world.distribute(posted.photoId)
        else due.add(posted.photoId)
        return
      }
      case 'follow':
        return one.account === one.other ? undefined : world.follow(user, users[one.other]!)
      case 'unfollow':
        return world.unfollow(user, users[one.other]!)
      case 'read':
        return read(feeds[one.via], user, one.limit, one.pages)
      case 'flush':
        return world.flushHead(user)
    }
    if (!known) return
    if (one.do === 'remove') {
      await world.remove(known.photoId)
      removed.add(known.photoId)
      due.add(known.photoId)
    } else if (one.do === 'show' && !removed.has(known.photoId)) {
      await world.setVisibility(known.photoId, one.visibility)
      due.add(known.photoId)
    } else if (one.do === 'distribute') {
      due.delete(known.photoId)
      await world.distribute(known.photoId)
    }
  }

  return {
    /** Reads and writes of a step at the same time. */
    async performAll(step: Operation[]): Promise<void> {
      snapshotTaken = Promise.withResolvers()
      const writes = Promise.all(step.filter((one) => one.do !== 'read').map(perform))
      const reads = step.filter((one) => one.do === 'read')
      for (const one of reads) if (one.slowly) slowBuilds.set(users[one.account]!, writes)
      await Promise.all(reads.map(perform)).finally(snapshotTaken.resolve)
      await writes
      await Promise.all(Object.values(feeds).map((feed) => feed.idle()))
      slowBuilds.clear()
    },
    async quieten(): Promise<void> {
      for (const photoId of due) await world.distribute(photoId)
      await world.settle()
    },
    async compare(limits: number[]): Promise<void> {
      for (const user of users) {
        const expected = await world.expected(user)
        for (const limit of limits) expect(await world.walk(user, limit), `limit ${limit}`).toEqual(expected)
      }
    },
  }
}
