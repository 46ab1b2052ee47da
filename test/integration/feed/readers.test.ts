import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import type { FeedHeads } from '../../../src/infra/redis/feed-heads.ts'
import { idsOf, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { feedPageFor } from '../../support/list-read.ts'

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: 20, rows: 40, minFollowing: 0 })
})
afterAll(() => world.close())

/** Counts statements by the beginning of their name. */
function countingDb(): { db: Database; counts: Map<string, number> } {
  const counts = new Map<string, number>()
  const counted =
    (of: Database['replica']): Database['replica'] =>
    (statement) => {
      const name = statement.name ?? ''
      counts.set(name, (counts.get(name) ?? 0) + 1)
      return of(statement)
    }
  const primary = counted(world.db.primary)
  return { db: { ...world.db, primary, replica: counted(world.db.replica) }, counts }
}

describe('many readers of one cold feed at once', () => {
  /** As many as eight connections serve within the 5 s that a read waits for one, even if the machine has other work. */
  const READERS = 400

  /** Reads in two processes. @returns how many heads were begun, and the statements that ran */
  async function readAtOnce(viewer: UserId, expected: PhotoId[], heads: FeedHeads = world.heads) {
    const { db, counts } = countingDb()
    let begun = 0
    const counting: FeedHeads = {
      ...heads,
      async beginBuild(...args) {
        const build = await heads.beginBuild(...args)
        if (typeof build === 'object') begun++
        return build
      },
    }
    const feeds = [world.feedWith(counting, { db }), world.feedWith(counting, { db })]
    const pages = await Promise.all(
      Array.from({ length: READERS }, (_, n) =>
        feeds[n % 2]!.readFeed(feedPageFor(db, viewer, { limit: 10 })),
      ),
    )
    for (const page of pages) expect(idsOf(page)).toEqual(expected)
    return { begun, counts, idle: () => Promise.all(feeds.map((feed) => feed.idle())) }
  }

  it('cause only one rebuild', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 30)
    const { begun, counts, idle } = await readAtOnce(viewer, newestFirst.slice(0, 10))
    await idle()
    expect(begun).toBe(1)
    expect(counts.get('feed-snapshot')).toBe(1)
    // The process that does not build pulls, all its readers together.
    expect(counts.get('feed-pull') ?? 0).toBeLessThanOrEqual(20)
    expect(await world.heads.readSlice(viewer, undefined, 1)).toBeDefined()
  })

  it('see what was pushed before they arrived during a build', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 3)
    const finishing = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const feed = world.feedWith({
      ...world.heads,
      async finishBuild(...args) {
        finishing.resolve()
        await release.promise
        return world.heads.finishBuild(...args)
      },
    })
    const first = feed.readFeed(feedPageFor(world.db, viewer, { limit: 10 }))
    await finishing.promise
    const fresh = await world.publish(author)
    await world.settle()
    const second = feed.readFeed(feedPageFor(world.db, viewer, { limit: 10 }))
    // It has found the head cold by now, and joined.
    await new Promise((resolve) => setTimeout(resolve, 50))
    release.resolve()
    expect(idsOf(await second)).toEqual([fresh.photoId, ...newestFirst])
    await first
    await feed.idle()
  })

  it('share one pull when a builder stalls', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 30)
    const gate = Promise.withResolvers<void>()
    const { begun, counts, idle } = await readAtOnce(viewer, newestFirst.slice(0, 10), {
      ...world.heads,
      async finishBuild(...args) {
        await gate.promise
        return world.heads.finishBuild(...args)
      },
    })
    expect(begun).toBe(1)
    expect(counts.get('feed-pull')).toBeLessThanOrEqual(40)
    gate.resolve()
    await idle()
    expect(await world.heads.readSlice(viewer, undefined, 1)).toBeDefined()
  })
})

describe('walking while others post and delete', () => {
  it('repeats nothing and misses nothing that existed throughout', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 120)
    await world.walk(viewer, 50)
    await world.feed.idle()
    const stays = new Set(newestFirst.filter((_, n) => n % 5 !== 0))
    const leaving = newestFirst.filter((_, n) => n % 5 === 0)

    let walking = true
    const gone = new Set<PhotoId>()
    const others = (async () => {
      for (let n = 0; walking; n++) {
        await world.publish(author)
        // Also into the middle: a photo widened long after it was taken.
        const old = await world.photo(author, { score: NOON_MS + (n % 60), visibility: 'private' })
        await world.setVisibility(old.photoId, 'followers')
        await world.distribute(old.photoId)
        const photoId = leaving.pop()
        if (photoId) {
          await world.remove(photoId)
          gone.add(photoId)
        }
        if (n % 3 === 0) await world.flushHead(viewer)
      }
    })()
    try {
      const walks = [1, 3, 7, 19, 20, 21, 40, 100].map(async (limit) => {
        for (let round = 0; round < 2; round++) {
          const goneBefore = new Set(gone)
          const seen = await world.walk(viewer, limit)
          expect(new Set(seen).size, `limit ${limit}: repeats`).toBe(seen.length)
          const kept = seen.filter((photoId) => stays.has(photoId))
          expect(kept, `limit ${limit}`).toEqual(newestFirst.filter((photoId) => stays.has(photoId)))
          expect(seen.filter((photoId) => goneBefore.has(photoId))).toEqual([])
        }
      })
      await Promise.all(walks)
    } finally {
      walking = false
      await others
    }
    await world.settle()
    expect(await world.walk(viewer, 33)).toEqual(await world.expected(viewer))
  })
})
