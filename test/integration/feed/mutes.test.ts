import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import { makePrivate } from '../../support/factories/accounts.ts'
import { block, mute, unblock, unmute } from '../../support/factories/blocks-and-mutes.ts'
import { idsOf, NOON_MS, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { feedPageFor } from '../../support/list-read.ts'

const HEAD_ITEMS = 10

let world: World
beforeAll(async () => {
  world = await openWorld({ headItems: HEAD_ITEMS, rows: 40, minFollowing: 0 })
})
afterAll(() => world?.close())

/** A viewer of two authors, of whom the muted one has the newest photos. */
async function viewerOfTwo(mutedPhotos: number) {
  const { viewer, newestFirst: kept } = await viewerOfMany(world, 6)
  const muted = await world.account()
  await world.follow(viewer, muted)
  for (let n = 0; n < mutedPhotos; n++) await world.photo(muted, { score: NOON_MS + 1_000 + n })
  await world.settle()
  return { viewer, muted, kept, all: await world.expected(viewer) }
}

const stateOf = (viewer: UserId) =>
  world.db.primary({
    text: 'SELECT epoch, rows_epoch, rows_from, enrolled FROM feed_state WHERE user_id = $1',
    values: [viewer],
  })

describe('a muted author', () => {
  it('is left out of every page, and comes back, without a new epoch', async () => {
    const { viewer, muted, kept, all } = await viewerOfTwo(HEAD_ITEMS)
    for (const limit of [3, 100]) expect(await world.walk(viewer, limit)).toEqual(all)
    await world.feed.idle()
    const before = await stateOf(viewer)
    await mute(world.db, viewer, muted)
    for (const limit of [1, 3, 100]) expect(await world.walk(viewer, limit)).toEqual(kept)
    await unmute(world.db, viewer, muted)
    for (const limit of [1, 3, 100]) expect(await world.walk(viewer, limit)).toEqual(all)
    expect(await stateOf(viewer)).toEqual(before)
  })

  it('is left out until the mute runs out', async () => {
    const { viewer, muted, kept, all } = await viewerOfTwo(3)
    await mute(world.db, viewer, muted, new Date(Date.now() + 3_600_000))
    expect(await world.walk(viewer, 4)).toEqual(kept)
    await mute(world.db, viewer, muted, new Date(Date.now() - 1_000))
    expect(await world.walk(viewer, 4)).toEqual(all)
  })

  it('stays in heads and rows, which are built while it is muted', async () => {
    const { viewer, muted, kept, all } = await viewerOfTwo(HEAD_ITEMS + 5)
    await mute(world.db, viewer, muted)
    expect(await world.walk(viewer, 2)).toEqual(kept)
    await world.feed.idle()
    await unmute(world.db, viewer, muted)
    await world.tiers()
    expect(await world.walk(viewer, 2)).toEqual(all)
    expect(await world.tiers()).not.toContain('rebuilt')
  })

  it('fills no page of a pull with photos that are not shown', async () => {
    const { viewer, muted, kept } = await viewerOfTwo(40)
    await mute(world.db, viewer, muted)
    const page = await world.feed.readFeed(feedPageFor(world.db, viewer, { limit: 3, readYourWrites: true }))
    expect(idsOf(page)).toEqual(kept.slice(0, 3))
  })

  it('is not shown while its photo is in flight', async () => {
    const { viewer, muted, kept } = await viewerOfTwo(1)
    expect(await world.walk(viewer, 100)).toHaveLength(kept.length + 1)
    await mute(world.db, viewer, muted)
    await world.photo(muted, { inFlight: true })
    await world.inFlight.refresh()
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual(kept)
  })
})

describe('a block', () => {
  it('hides the photos of either side from the other', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 5)
    expect(await world.walk(viewer, 2)).toEqual(newestFirst)
    for (const [blocker, blocked] of [
      [viewer, author],
      [author, viewer],
    ] as const) {
      await block(world.db, blocker, blocked)
      expect(await world.walk(viewer, 2)).toEqual([])
      await unblock(world.db, blocker)
      expect(await world.walk(viewer, 2)).toEqual(newestFirst)
    }
  })
})

describe('a private account', () => {
  it('stays in the feeds of its followers', async () => {
    const { viewer, author, newestFirst } = await viewerOfMany(world, 5)
    await world.walk(viewer, 2)
    await makePrivate(world.db, author)
    await world.publish(author)
    await world.settle()
    expect(await world.walk(viewer, 2)).toEqual(await world.expected(viewer))
    expect(await world.walk(viewer, 2)).toHaveLength(newestFirst.length + 1)
  })
})
